from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.app import Action
from integrations.definitions.checking import shapes
from integrations.definitions.references import Shape
from integrations.types import Json

_ACTION: dict[str, Any] = {"tag": "a", "method": "GET", "resource": "/"}


def _words(shape: Shape | None) -> Any:
    """Return a shape as its type, with its fields or items where they are known."""
    if shape is None:
        return None
    if fields := {field.key: _words(field) for field in shape.fields}:
        return fields
    return [_words(shape.items)] if shape.items else shape.type


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (True, None),
        ({}, None),
        ({"type": ["string", "null"]}, None),
        ({"type": "null"}, None),
        ({"type": "integer"}, "number"),
        ({"type": "number"}, "float"),
        ({"type": "array"}, "array"),
        ({"type": "array", "items": {"type": "string"}}, ["string"]),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, "object"),
        (
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "additionalProperties": False},
            {"a": "string", "b": None},
        ),
    ],
)
def test_shape_of_a_schema_holds_what_is_certain(schema: Json, expected: Any) -> None:
    assert _words(shapes.of_schema(schema, "x")) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "boolean"),
        (1, "number"),
        (1.5, "float"),
        ("a", "string"),
        ([1], "array"),
        ({"a": 1, "b": {"c": "d"}, "e": None}, {"a": "number", "b": {"c": "string"}, "e": None}),
        (None, None),
    ],
)
def test_shape_of_a_constant_is_that_of_its_value(value: Json, expected: Any) -> None:
    assert _words(shapes.of_value(value, "x")) == expected


_FIELDS = {"id": "string"}


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        ([], None),
        ([{"status_code": 200, "sample": {"id": "1"}}], None),
        ([{"status_code": 200, "body": _FIELDS}], {"id": "string"}),
        ([{"status_code": 200, "body": {"type": "array"}}, {"status_code": 204}], "array"),
        (
            [{"status_code": 200, "body": _FIELDS}, {"status_code": 400, "success": False, "body": {"e": "string"}}],
            {"id": "string"},
        ),
        ([{"status_code": 200, "body": _FIELDS}, {"status_code": 202, "body": {"job": "string"}}], None),
    ],
)
def test_shape_of_an_action_is_that_of_its_only_successful_body(responses: list[Any], expected: Any) -> None:
    assert _words(shapes.of_action(Action.parse({**_ACTION, "responses": responses}))) == expected
