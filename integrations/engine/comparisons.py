"""Compares JSON values by their own types: true is not 1, "1" is not 1, and 1 is 1.0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integrations.engine.resolve_errors import ResolveError
from integrations.types import Json

_TYPE_WORDS = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


def type_word(value: Json) -> str:
    """Return what a value is, for messages that must not show the value."""
    return _TYPE_WORDS.get(type(value), "something else")


def is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Json, right: Json) -> bool:
    """Return whether two values are the same JSON value; values of different types never are."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(one, other) for one, other in zip(left, right, strict=True))
    if is_number(left) and is_number(right):
        return left == right
    return type(left) is type(right) and left == right


def ordered(left: Json, right: Json, *, compare: Callable[[Any, Any], bool]) -> bool:
    """Return how two numbers, or two texts by code point, compare. Null is neither before nor after anything.

    Raises:
        ResolveError: the values have no order, such as a text and a number.
    """
    if left is None or right is None:
        return False
    both_numbers = is_number(left) and is_number(right)
    both_texts = isinstance(left, str) and isinstance(right, str)
    if not both_numbers and not both_texts:
        raise ResolveError(f"{type_word(left)} and {type_word(right)} have no order")
    return compare(left, right)


def contains(holder: Json, member: Json) -> bool:
    """Return whether a list has an equal element, a text holds a text, or an object has a key. Null holds nothing.

    Raises:
        ResolveError: `holder` is none of these, or a text or object is asked for something that is not text.
    """
    if holder is None:
        return False
    if isinstance(holder, list):
        return any(equal(element, member) for element in holder)
    if isinstance(holder, str | dict) and isinstance(member, str):
        return member in holder
    raise ResolveError(f"{type_word(holder)} cannot contain {type_word(member)}")
