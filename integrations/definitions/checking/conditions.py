"""Checks what an event's condition compares with what."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from integrations.definitions.checking.fitting import UNREADABLE, literal_value, parse_readable
from integrations.definitions.feature import Condition
from integrations.definitions.field import pattern_problem
from integrations.definitions.references import (
    Scope,
    Shape,
    Template,
    check_references,
    static_shape,
    static_type,
    type_words,
)
from integrations.errors import Problem, join_place

Types = frozenset[str]
_ORDERED = frozenset({"string", "integer", "number"})
_NUMBERS = frozenset({"integer", "number"})
_WITH_LENGTH = frozenset({"string", "array", "object"})


def inside_condition(condition: Condition | None, scope: Scope, response: Shape | None) -> Scope:
    """Return the scope of an event's input: a loop knows its item, a do_while its own last result."""
    if condition is None or condition.type == "if":
        return scope
    if condition.type == "do_while":
        return dataclasses.replace(scope, has_response=True, response=response)
    subject, _ = parse_readable(condition.subject, place="")
    listed = static_shape(subject, scope)
    return dataclasses.replace(scope, in_loop=True, item=listed.items if listed else None)


def check_condition(
    condition: Condition,
    scope: Scope,
    *,
    place: str,
    response: Shape | None,
    seen_from: Callable[[Scope, Template], Scope],
) -> Iterator[Problem]:
    """Give every problem of a condition's subject and value, and of the two together."""
    if condition.type == "do_while":
        scope = dataclasses.replace(scope, has_response=True, response=response)
    parsed: dict[str, Template] = {}
    for name, mapping in (("subject", condition.subject), ("value", condition.value)):
        where = join_place(place, name)
        parsed[name], problems = parse_readable(mapping, place=where)
        yield from problems
        yield from check_references(parsed[name], seen_from(scope, parsed[name]), where)
    subject, value = parsed["subject"], parsed["value"]
    if condition.type == "for_each":
        yield from _type_problem(static_type(subject, scope), frozenset({"array"}), join_place(place, "subject"))
    elif subject is not UNREADABLE and value is not UNREADABLE:
        types = static_type(subject, scope) if condition.subject is not None else None
        yield from _comparison_problems(condition, types, value, scope, place)


def _comparison_problems(
    condition: Condition, subject: Types | None, value: Template, scope: Scope, place: str
) -> Iterator[Problem]:
    where = join_place(place, "subject")
    if condition.decider == "length":
        yield from _type_problem(subject, _WITH_LENGTH, where)
        subject = frozenset({"integer"})
    values = static_type(value, scope)
    match condition.decision_type:
        case "exists":
            return
        case "in":
            yield from _type_problem(values, frozenset({"array"}), join_place(place, "value"))
        case "matches":
            yield from _type_problem(subject, frozenset({"string"}), where)
            yield from _pattern_problems(value, values, join_place(place, "value"))
        case "equals" | "not-equals":
            yield from _disjoint(subject, values, join_place(place, "value"))
        case _:
            yield from _type_problem(subject, _ORDERED, where)
            yield from _type_problem(values, _ORDERED, join_place(place, "value"))
            yield from _disjoint(subject, values, join_place(place, "value"))


def _type_problem(types: Types | None, expected: Types, place: str) -> Iterator[Problem]:
    if types is not None and not types & expected:
        yield Problem(place, f"should be {type_words(expected)}, here is {type_words(types)}")


def _disjoint(subject: Types | None, values: Types | None, place: str) -> Iterator[Problem]:
    """Give a problem when a comparison can only come out one way; null may be compared with anything."""
    if subject is None or values is None or "null" in subject | values:
        return
    if not _widened(subject) & _widened(values):
        yield Problem(place, f"is {type_words(values)}, but the subject is {type_words(subject)}")


def _widened(types: Types) -> Types:
    return types | _NUMBERS if types & _NUMBERS else types


def _pattern_problems(value: Template, types: Types | None, place: str) -> Iterator[Problem]:
    plain, pattern = literal_value(value)
    if plain and isinstance(pattern, str):
        if why := pattern_problem(pattern):
            yield Problem(place, f"is not an RE2 pattern: {why}")
    else:
        yield from _type_problem(types, frozenset({"string"}), place)
