"""Which JSON types a mapping's value can have, as far as that is known before it is resolved."""

from __future__ import annotations

from integrations.definitions.references.names import LIST, OBJECT, OPERATORS, TEXT, WHOLE
from integrations.definitions.references.nodes import (
    FunctionCall,
    Interpolation,
    ListNode,
    Literal,
    ObjectNode,
    Operator,
    Reference,
    Scalar,
    Template,
)
from integrations.definitions.references.scope import Scope, shape_of
from integrations.definitions.references.shapes import Shape, UnknownName, json_types

_ARITHMETIC = {"Add", "Subtract", "Multiply"}


def static_type(template: Template, scope: Scope) -> frozenset[str] | None:
    """Return the JSON types that the resolved value can have, or None when that is not known.

    The types are `string`, `integer`, `number` (not whole), `boolean`, `array`, `object` and `null`.
    """
    match template:
        case Literal(value):
            return frozenset({scalar_type(value)})
        case Interpolation():
            return TEXT
        case ListNode():
            return LIST
        case ObjectNode():
            return OBJECT
        case Operator():
            return _operator_type(template, scope)
        case FunctionCall(tag):
            function = scope.functions.get(tag)
            return json_types(function.output) if function else None
        case Reference():
            return json_types(static_shape(template, scope))


def static_shape(template: Template, scope: Scope) -> Shape | None:
    """Return the declared shape behind a template that is one reference, or None when that is not known."""
    if not isinstance(template, Reference):
        return None
    try:
        return shape_of(template, scope)
    except UnknownName:
        return None


def scalar_type(value: Scalar) -> str:
    """Return the JSON type of a value that is neither a list nor an object."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "string"


def _operator_type(operator: Operator, scope: Scope) -> frozenset[str] | None:
    types = [static_type(argument, scope) for argument in operator.arguments]
    if operator.name in _ARITHMETIC and all(each == WHOLE for each in types):
        return WHOLE
    if operator.name == "Default" and len(types) == 2:
        return _either(types[0], types[1])
    if operator.name == "Pick" and types and types[0] == TEXT:
        return TEXT
    return OPERATORS[operator.name].result


def _either(preferred: frozenset[str] | None, fallback: frozenset[str] | None) -> frozenset[str] | None:
    """`$Default(a, b)` gives `b` in place of null."""
    if preferred is None or fallback is None:
        return None
    return (preferred - {"null"}) | fallback
