from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import strict_json
from integrations.definitions.truncation import capped, capped_lines, is_truncated, size_beyond

_JSON = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)
)


@given(_JSON, st.integers(0, 60))
def test_capped_is_the_text_as_it_is_or_a_mark_with_its_size(value: Any, cap_bytes: int) -> None:
    whole = strict_json.dumps(value)
    size = len(whole.encode())

    stored = capped(value, cap_bytes=cap_bytes)

    if size <= cap_bytes:
        assert stored == whole
        assert size_beyond(value, cap_bytes=cap_bytes) is None
    else:
        assert json.loads(stored) == {"truncated": True, "size_bytes": size, "preview": whole}
        assert is_truncated(json.loads(stored))
        assert size_beyond(value, cap_bytes=cap_bytes) == size


def test_mark_of_a_large_value_is_small_and_shows_its_beginning() -> None:
    mark = json.loads(capped(["é" * 300_000], cap_bytes=262_144))

    assert mark["size_bytes"] == 600_004
    assert mark["preview"] == '["' + "é" * 1998


@pytest.mark.parametrize(
    "value",
    [None, [], {}, {"truncated": True}, {"truncated": 1, "size_bytes": 1, "preview": ""}, {"truncated": True, "x": 1}],
)
def test_other_values_are_no_marks(value: Any) -> None:
    assert not is_truncated(value)


@pytest.mark.parametrize(
    ("texts", "stored"),
    [
        (["abc", "def"], ["abc", "def"]),
        (["abc", "defg"], ["abc", "def… [truncated: 1 bytes more]"]),
        (["abcdef", "", "g"], ["abcdef", "", "… [truncated: 1 bytes more]"]),
        (["abcdefé", "gh"], ["abcdef… [truncated: 4 bytes more]"]),
        (["abcdeé", "gh"], ["abcde… [truncated: 4 bytes more]"]),
        ([], []),
    ],
)
def test_log_lines_beyond_the_cap_are_cut_at_a_character_and_say_so(texts: list[str], stored: list[str]) -> None:
    assert capped_lines(texts, cap_bytes=6) == stored
