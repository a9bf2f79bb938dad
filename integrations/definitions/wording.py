"""Says in plain words what the parser found wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: By pydantic's name for the error; the texts in braces come from its context.
_SENTENCES = {
    "bool_type": "should be true or false",
    "dict_type": "should be an object",
    "float_type": "should be a number",
    "greater_than": "should be more than {gt}",
    "greater_than_equal": "should be {ge} or more",
    "int_type": "should be a whole number",
    "less_than": "should be less than {lt}",
    "less_than_equal": "should be {le} or less",
    "list_type": "should be a list",
    "literal_error": "should be {expected}",
    "model_attributes_type": "should be an object",
    "model_type": "should be an object",
    "string_type": "should be text",
    "tuple_type": "should be a list",
}
_LENGTHS = {
    "string_too_long": ("at most", "max_length", "character"),
    "string_too_short": ("at least", "min_length", "character"),
    "too_long": ("at most", "max_length", "item"),
    "too_short": ("at least", "min_length", "item"),
}


def sentence(kind: str, context: Mapping[str, Any], message: str) -> str:
    """Return what is wrong, as a sentence without a subject: "should be a list"; `message` where we have no own."""
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(**context)
    if kind in _LENGTHS:
        bound, key, noun = _LENGTHS[kind]
        return f"should have {bound} {counted(context[key], noun)}"
    trimmed = message.removeprefix("Value error, ").removeprefix("Input ")
    return trimmed[:1].lower() + trimmed[1:]


def counted(number: int, noun: str) -> str:
    """Return `1 item`, `2 items`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
