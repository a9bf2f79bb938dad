"""Turns a mapping (any JSON value whose texts may hold references) into a tree, once, when it is saved."""

from __future__ import annotations

from integrations.definitions.references.budget import MAX_MAPPING_DEPTH, MAX_TEXT, Budget, TooLarge
from integrations.definitions.references.calls import function_call_or_object
from integrations.definitions.references.expressions import parse_text
from integrations.definitions.references.nodes import FunctionCall, ListNode, Literal, ObjectNode, Template
from integrations.errors import DefinitionError, join_place
from integrations.types import Json


class ReferenceSyntaxError(DefinitionError):
    """A mapping cannot be read; every problem has its place, and its column in the text (from 1)."""


def parse_template(value: Json, *, place: str = "") -> Template:
    """Return the tree of a mapping.

    A text that is exactly one reference or operator becomes that node; text around references an `Interpolation`; an
    object with exactly the keys `function` and `values` a `FunctionCall`. Keys are never scanned for references.

    Raises:
        ReferenceSyntaxError: with all problems of the whole value, at places below `place`.
    """
    budget = Budget()
    try:
        template = _parse(value, place, budget, 1)
    except TooLarge:
        template = Literal(None)
    if budget.problems:
        raise ReferenceSyntaxError(budget.problems)
    return template


def _parse(value: Json, place: str, budget: Budget, depth: int) -> Template:
    if isinstance(value, str):
        return _parse_bounded_text(value, place, budget)
    budget.spend(place)
    if not isinstance(value, (dict, list)):
        return Literal(value)
    if depth > MAX_MAPPING_DEPTH:
        budget.refuse(place, f"nested more than {MAX_MAPPING_DEPTH} deep")
        raise TooLarge
    if isinstance(value, list):
        return _parse_list(value, place, budget, depth)
    return _parse_object(value, place, budget, depth)


def _parse_bounded_text(text: str, place: str, budget: Budget) -> Template:
    if len(text) > MAX_TEXT:
        budget.refuse(place, f"the text is longer than {MAX_TEXT:,} characters")
        return Literal(None)
    return parse_text(text, place=place, budget=budget)


def _parse_list(value: list[Json], place: str, budget: Budget, depth: int) -> ListNode:
    return ListNode(tuple(_parse(each, f"{place}[{index}]", budget, depth + 1) for index, each in enumerate(value)))


def _parse_object(value: dict[str, Json], place: str, budget: Budget, depth: int) -> ObjectNode | FunctionCall:
    members = tuple((key, _parse(each, join_place(place, key), budget, depth + 1)) for key, each in value.items())
    node, problem = function_call_or_object(members)
    if problem:
        budget.refuse(place, problem)
    return node
