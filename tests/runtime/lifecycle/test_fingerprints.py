from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.runtime.lifecycle.fingerprints import fingerprint, normalized

TEMPLATE = "order {} of {} was refused at {} with token {}: {} pieces are left"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("the API answered 503", "the API answered <n>"),
        ("waited 1.5 s, 3,000 times", "waited <n> s, <n> times"),
        ("run 0192f0c1-2d3e-7abc-8def-0123456789ab failed", "run <id> failed"),
        ("due 2026-11-24T12:00:00.123+00:00, not 2026-11-25", "due <time>, not <time>"),
        ("since 2026-11-24 12:00:00Z", "since <time>"),
        ('unknown item "lamp" in “shop”', "unknown item <text> in <text>"),
        ("it's 'gone' and that's it", "it's <text> and that's it"),
        ("commit deadbeef01 and 0xFF", "commit <hex> and <hex>"),
        ("a decade of facades", "a decade of facades"),
        ("two\n  lines ", "two lines"),
        ("order_17 of v2", "order_<n> of v<n>"),
        ("", ""),
    ],
)
def test_changing_parts_are_replaced(message: str, kind: str) -> None:
    assert normalized(message) == kind


_values = st.tuples(
    st.text(alphabet=st.characters(exclude_characters='"\n', exclude_categories=["Cs"]), max_size=20).map(
        lambda text: f'"{text}"'
    ),
    st.uuids().map(str),
    st.datetimes(timezones=st.just(dt.UTC)).map(lambda moment: moment.isoformat()),
    st.uuids().map(lambda value: f"a1{value.hex}"),
    st.integers(min_value=0).map(str),
)


@given(_values, _values)
def test_messages_that_differ_in_changing_parts_are_of_one_kind(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert normalized(TEMPLATE.format(*one)) == normalized(TEMPLATE.format(*other))


@given(st.text(max_size=300))
def test_no_number_and_no_line_is_left_of_any_text(text: str) -> None:
    kind = normalized(text)

    assert not set("0123456789\n") & set(kind)
    assert normalized(kind) == normalized(normalized(kind))


@given(st.text(alphabet="abcdefg XYZ.,:()", max_size=80))
def test_words_stay_as_they_are(text: str) -> None:
    assert normalized(text) == " ".join(text.split())


def test_fingerprint_tells_what_was_called_and_how_it_failed_apart() -> None:
    same: dict[str, Any] = {
        "feature_id": 1,
        "app": "shop",
        "target": "pay",
        "code": "http_503",
        "title": "it answered <n>",
    }
    others: list[dict[str, Any]] = [
        {"feature_id": 2},
        {"app": "store"},
        {"target": "buy"},
        {"code": "http_500"},
        {"title": "no"},
    ]

    prints = [fingerprint(**{**same, **other}) for other in ({}, *others)]

    assert len(set(prints)) == 6
    assert fingerprint(**same) == prints[0]
