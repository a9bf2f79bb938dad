from __future__ import annotations

import pytest

from integrations.definitions.secrecy import KEPT, masked, problems_of, unmasked
from integrations.errors import DefinitionError, Problem
from integrations.types import Json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"headers": {"X-Key": "s3cret"}, "n": [1, False]}, {"headers": {"X-Key": KEPT}, "n": [KEPT, KEPT]}),
        ("s3cret", KEPT),
        (0, KEPT),
        ("", ""),
        (None, None),
    ],
)
def test_masked_shows_the_shape_and_no_content(value: Json, expected: Json) -> None:
    assert masked(value) == expected


def test_unmasked_takes_what_was_kept_from_what_is_stored() -> None:
    stored: Json = {"a": "one", "b": ["two", {"c": 3}], "gone": "x"}

    assert unmasked({"a": KEPT, "b": ["new", {"c": KEPT}]}, stored) == {"a": "one", "b": ["new", {"c": 3}]}


def test_unmasked_of_masked_is_what_is_stored() -> None:
    stored: Json = {"a": "one", "b": [0, "", None, {"c": False}]}

    assert unmasked(masked(stored), stored) == stored


@pytest.mark.parametrize(
    ("value", "stored", "places"),
    [
        ({"a": {"b": KEPT}}, {"a": {}}, ["auth/a/b"]),
        ([KEPT], None, ["auth[0]"]),
        ([KEPT, KEPT], ["one"], ["auth[0]", "auth[1]"]),
        ({"a": KEPT, "b": "new", "c": [KEPT]}, {}, ["auth/a", "auth/c[0]"]),
        (KEPT, None, ["auth"]),
    ],
)
def test_unmasked_where_nothing_is_stored_asks_for_every_value(value: Json, stored: Json, places: list[str]) -> None:
    with pytest.raises(DefinitionError) as caught:
        unmasked(value, stored, place="auth")

    message = "there is no stored secret to keep here"
    assert caught.value.problems == tuple(Problem(place, message, "enter the value") for place in places)
    assert problems_of(value, masked(stored), place="auth") == list(caught.value.problems)
