from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from integrations.definitions.field import Field
from integrations.definitions.function import Function
from integrations.definitions.values import check_value, check_values
from integrations.errors import Problem
from integrations.types import Json
from tests.definitions.strategies import field_lists, objects

_WHOLE = "should be a whole number of 64 bits"
_UUID = "123e4567-e89b-12d3-a456-426614174000"


def _fields(*fields: dict[str, Any]) -> tuple[Field, ...]:
    return Function.parse({"tag": "f", "language": "js", "function": "x", "input": list(fields)}).input


def _field(**details: Any) -> Field:
    return Field.parse({"key": "a", **details})


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", ""),
        ("string", "😀"),
        ("numberstring", "0"),
        ("numberstring", "-12.50"),
        ("numberstring", "9" * 100),
        ("number", 0),
        ("number", -(2**63)),
        ("number", 2**63 - 1),
        ("float", 0),
        ("float", 1.5),
        ("double", -1e300),
        ("uuid", _UUID),
        ("uuid", _UUID.upper()),
        ("array", []),
        ("object", {}),
        ("boolean", False),
    ],
)
def test_value_of_its_type_is_taken_as_it_is(kind: str, value: Json) -> None:
    assert check_values([_field(type=kind)], {"a": value}, place="input") == ({"a": value}, [])


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("string", 1, "should be text"),
        ("string", False, "should be text"),
        ("numberstring", 1, "should be a decimal number as text"),
        ("numberstring", "", "should be a decimal number as text"),
        ("numberstring", "1e5", "should be a decimal number as text"),
        ("numberstring", "٣", "should be a decimal number as text"),
        ("number", True, _WHOLE),
        ("number", "1", _WHOLE),
        ("number", 1.5, _WHOLE),
        ("number", 1e300, _WHOLE),
        ("number", 2.0**63, _WHOLE),
        ("float", False, "should be a number"),
        ("double", "1", "should be a number"),
        ("uuid", "123e4567e89b12d3a456426614174000", f"should be a UUID such as {_UUID}"),
        ("array", {}, "should be a list"),
        ("object", [], "should be an object"),
        ("boolean", 0, "should be true or false"),
        ("boolean", "false", "should be true or false"),
    ],
)
def test_value_of_another_type_is_a_problem_at_its_place(kind: str, value: Json, message: str) -> None:
    _, problems = check_values([_field(type=kind)], {"a": value}, place="input")

    assert problems == [Problem("input/a", message)]


def test_whole_number_written_as_float_becomes_an_integer() -> None:
    filled, problems = check_values([_field(type="number")], {"a": 3.0}, place="input")

    assert (type(filled["a"]), filled["a"], problems) == (int, 3, [])


@pytest.mark.parametrize(
    ("details", "value", "message"),
    [
        ({"type": "string", "minLength": 1}, "", "should have at least 1 character"),
        ({"type": "string", "maxLength": 2}, "😀😀😀", "should have at most 2 characters"),
        ({"type": "array", "minLength": 2}, [1], "should have at least 2 items"),
        ({"type": "array", "maxLength": 1}, [1, 2], "should have at most 1 item"),
        ({"type": "number", "minimum": 0}, -1, "should be 0 or more"),
        ({"type": "float", "maximum": 1.5}, 2, "should be 1.5 or less"),
        ({"type": "string", "pattern": "^a+$"}, "ab", "does not match the pattern ^a+$"),
        ({"type": "string", "format": "email"}, "nobody", "should be an email address"),
        ({"type": "string", "format": "date"}, "2026-02-30", "should be a date such as 2026-01-31"),
        ({"type": "string", "format": "ipv4"}, "256.1.1.1", "should be an IPv4 address"),
        ({"type": "string", "format": "uri"}, "not a uri", "should be a URI such as https://example.com/"),
        ({"type": "string", "enum": ["a", "b"]}, "c", 'should be one of "a", "b"'),
        ({"type": "number", "enum": [1, 2]}, 3, "should be one of 1, 2"),
        ({"type": "object", "enum": [{"a": 1}]}, {"a": True}, 'should be one of {"a":1}'),
    ],
)
def test_value_outside_its_constraints_is_a_problem(details: dict[str, Any], value: Json, message: str) -> None:
    _, problems = check_value(_field(**details), value, place="input/a")

    assert problems == [Problem("input/a", message)]


@pytest.mark.parametrize(
    ("details", "value"),
    [
        ({"type": "string", "maxLength": 2}, "😀😀"),
        ({"type": "string", "maxLength": 0}, "x" * 1_000),
        ({"type": "string", "pattern": "b"}, "abc"),
        ({"type": "number", "minimum": 0, "maximum": 0}, 0),
        ({"type": "float", "enum": [1]}, 1.0),
        ({"type": "string", "format": "email"}, "somebody@example.com"),
    ],
)
def test_value_within_its_constraints_is_taken(details: dict[str, Any], value: Json) -> None:
    assert check_value(_field(**details), value, place="a") == (value, [])


def test_pattern_that_backtracks_elsewhere_takes_linear_time() -> None:
    _, problems = check_value(_field(type="string", pattern="^(a+)+$"), "a" * 50_000 + "b", place="a")

    assert len(problems) == 1


@pytest.mark.parametrize("value", [0, False, "", [], {}])
def test_value_that_is_empty_is_not_missing(value: Json) -> None:
    kinds = {int: "number", bool: "boolean", str: "string", list: "array", dict: "object"}
    field = _field(type=kinds[type(value)])

    assert check_values([field], {"a": value}, place="input") == ({"a": value}, [])


@pytest.mark.parametrize("values", [{}, {"a": None}])
def test_required_value_that_is_missing_or_null_is_a_problem(values: dict[str, Json]) -> None:
    _, problems = check_values([_field(type="string")], values, place="input")

    assert problems == [Problem("input/a", '"a" is required')]


@pytest.mark.parametrize("default", [0, 7])
@pytest.mark.parametrize("values", [{}, {"a": None}])
def test_missing_value_takes_its_default(default: int, values: dict[str, Json]) -> None:
    assert check_values([_field(type="number", defaultValue=default)], values, place="input") == ({"a": default}, [])


@pytest.mark.parametrize("values", [{}, {"a": None}])
def test_optional_value_that_is_missing_stays_as_it_was(values: dict[str, Json]) -> None:
    assert check_values([_field(type="string", required=False)], values, place="input") == (values, [])


def test_unknown_key_is_a_problem_with_the_nearest_name() -> None:
    _, problems = check_values(_fields({"key": "amount", "type": "number"}), {"amount": 1, "amuont": 1}, place="input")

    assert problems == [Problem("input/amuont", 'unknown field "amuont"', 'did you mean "amount"?')]


def test_unknown_key_is_kept_where_it_is_allowed_at_every_depth() -> None:
    fields = _fields({"key": "order", "type": "object", "fields": {"id": "number"}})
    values: dict[str, Json] = {"order": {"id": 1, "more": 2}, "extra": None}

    assert check_values(fields, values, place="input", allow_unknown=True) == (values, [])


def test_problems_in_nested_values_are_all_reported_at_their_places() -> None:
    line = {"price": "number", "name": {"type": "string", "defaultValue": "?"}}
    fields = _fields(
        {"key": "order", "type": "object", "fields": {"lines": {"type": "array", "fields": line}}},
        {"key": "tags", "type": "array", "items": {"type": "string", "minLength": 1}},
    )
    order: Json = {"lines": [{"price": "1", "name": "a"}, 5, {"price": 2}, {"prize": 1}]}

    filled, problems = check_values(fields, {"order": order, "tags": ["a", "", 3]}, place="input")

    assert problems == [
        Problem("input/order/lines[0]/price", _WHOLE),
        Problem("input/order/lines[1]", "should be an object"),
        Problem("input/order/lines[3]/prize", 'unknown field "prize"', 'did you mean "price"?'),
        Problem("input/order/lines[3]/price", '"price" is required'),
        Problem("input/tags[1]", "should have at least 1 character"),
        Problem("input/tags[2]", "should be text"),
    ]
    assert filled["order"]["lines"][2] == {"price": 2, "name": "?"}  # type: ignore[call-overload, index]


def test_problem_never_holds_the_value() -> None:
    fields = _fields({"key": "token", "type": "string", "maxLength": 3, "pattern": "^x", "enum": ["y"]})

    _, problems = check_values(fields, {"token": "s3cret"}, place="input")

    assert len(problems) == 3
    assert not any("s3cret" in str(problem) for problem in problems)


@given(field_lists, objects)
def test_any_values_against_any_fields_give_problems_and_never_raise(
    fields: tuple[Field, ...], values: dict[str, Json]
) -> None:
    filled, problems = check_values(fields, values, place="input")

    if not problems:
        assert check_values(fields, filled, place="input") == (filled, [])
