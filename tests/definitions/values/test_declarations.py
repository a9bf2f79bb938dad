from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.field import Field
from integrations.definitions.values import check_fields
from integrations.errors import Problem

_WHOLE = "should be a whole number of 64 bits"


@pytest.mark.parametrize(
    ("details", "problems"),
    [
        ({"type": "number", "defaultValue": "1"}, [Problem("input[0]/defaultValue", _WHOLE)]),
        ({"type": "number", "sampleValue": True}, [Problem("input[0]/sampleValue", _WHOLE)]),
        (
            {"type": "number", "enum": [1, "2", 3.5]},
            [Problem("input[0]/enum[1]", _WHOLE), Problem("input[0]/enum[2]", _WHOLE)],
        ),
        (
            {"type": "string", "enum": ["a"], "defaultValue": "b"},
            [Problem("input[0]/defaultValue", 'should be one of "a"')],
        ),
        (
            {"type": "string", "maxLength": 2, "defaultValue": "abc"},
            [Problem("input[0]/defaultValue", "should have at most 2 characters")],
        ),
        (
            {"type": "number", "maxLength": 2},
            [Problem("input[0]", "minLength and maxLength are for texts and arrays, the type is number")],
        ),
        (
            {"type": "object", "items": {"type": "string"}},
            [Problem("input[0]/items", "items are for arrays, the type is object")],
        ),
        (
            {"type": "string", "fields": {"a": "string"}},
            [Problem("input[0]/fields", "fields are for objects and arrays, the type is string")],
        ),
        (
            {"type": "array", "items": {"type": "object"}, "fields": {"a": "string"}},
            [Problem("input[0]/fields", "give either items or fields for the items of an array")],
        ),
        (
            {"type": "object", "fields": {"a": {"type": "array", "items": {"type": "number", "defaultValue": "x"}}}},
            [Problem("input[0]/fields[0]/items/defaultValue", _WHOLE)],
        ),
    ],
)
def test_field_that_does_not_fit_together_is_a_problem(details: dict[str, Any], problems: list[Problem]) -> None:
    assert check_fields([Field.parse({"key": "a", **details})], place="input") == problems


@pytest.mark.parametrize(
    "details",
    [
        {"type": "number", "defaultValue": 0, "sampleValue": 1.0, "enum": [0, 1]},
        {"type": "boolean", "defaultValue": False},
        {"type": "array", "items": {"type": "string", "maxLength": 3}, "maxLength": 2, "sampleValue": ["a"]},
        {"type": "object", "fields": {"a": "string"}, "sampleValue": {"a": ""}},
    ],
)
def test_field_that_fits_together_has_no_problems(details: dict[str, Any]) -> None:
    assert check_fields([Field.parse({"key": "a", **details})], place="input") == []
