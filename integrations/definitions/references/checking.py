"""Checks a parsed mapping against the names that are visible from where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.definitions.references.names import suggestion, type_words
from integrations.definitions.references.nodes import FunctionCall, Operator, Reference, Template
from integrations.definitions.references.scope import Scope, shape_of
from integrations.definitions.references.shapes import UnknownName, json_types
from integrations.definitions.references.signatures import operator_problems
from integrations.definitions.references.static_types import static_type
from integrations.definitions.references.walking import walk
from integrations.errors import Problem


def check_references(template: Template, scope: Scope, place: str = "") -> list[Problem]:
    """Return every name in a mapping that is unknown or out of reach, and every value of a wrong type, at its place."""
    return [problem.under(where) for where, node in walk(template, place) for problem in _problems(node, scope)]


def _problems(node: Template, scope: Scope) -> Iterator[Problem]:
    match node:
        case Reference():
            yield from _reference_problems(node, scope)
        case FunctionCall():
            yield from _call_problems(node, scope)
        case Operator():
            yield from operator_problems(node, scope)


def _reference_problems(reference: Reference, scope: Scope) -> Iterator[Problem]:
    try:
        shape_of(reference, scope)
    except UnknownName as error:
        yield Problem("", error.message, error.hint)


def _call_problems(call: FunctionCall, scope: Scope) -> Iterator[Problem]:
    function = scope.functions.get(call.tag)
    if function is None:
        yield Problem("function", f'unknown function "{call.tag}"', suggestion(call.tag, scope.functions))
        return
    given, most = len(call.values), len(function.inputs)
    if not function.required <= given <= most:
        wanted = str(most) if function.required == most else f"{function.required} to {most}"
        yield Problem("values", f'function "{call.tag}" takes {wanted} values, here are {given}')
    for index, (value, field) in enumerate(zip(call.values, function.inputs, strict=False)):
        expected, types = json_types(field), static_type(value, scope)
        accepted = (expected or frozenset()) | (frozenset({"null"}) if index >= function.required else frozenset())
        if expected and types and not types & accepted:
            message = f'"{field.key}" of function "{call.tag}" is {type_words(expected)}, here is {type_words(types)}'
            yield Problem(f"values[{index}]", message)
