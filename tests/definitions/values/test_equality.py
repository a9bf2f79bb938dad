from __future__ import annotations

import pytest
from hypothesis import given

from integrations.definitions.values import json_equal
from integrations.types import Json
from tests.definitions.strategies import json_values


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (0, -0.0, True),
        (1, True, False),
        (0, False, False),
        (0, "", False),
        (None, False, False),
        (None, None, True),
        ([1, [True]], [1.0, [True]], True),
        ([1], [True], False),
        ([1], [1, 2], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {}, False),
        ([], {}, False),
    ],
)
def test_json_equality_tells_true_from_one_and_not_one_from_one(*, left: Json, right: Json, equal: bool) -> None:
    assert json_equal(left, right) is equal
    assert json_equal(right, left) is equal


@given(json_values)
def test_every_value_equals_itself(value: Json) -> None:
    assert json_equal(value, value)
