"""What one value must be by its field: its type first, then lengths, bounds, pattern, format and choices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jsonschema_rs
import re2

from integrations.definitions.field import Field, FieldType
from integrations.definitions.values.equality import json_equal
from integrations.definitions.wording import counted
from integrations.strict_json import MAX_INTEGER, MIN_INTEGER, dumps
from integrations.types import Json

_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

#: What a field of each type should be, for messages.
WORDS: dict[FieldType, str] = {
    "string": "text",
    "numberstring": "a decimal number as text",
    "number": "a whole number of 64 bits",
    "float": "a number",
    "double": "a number",
    "uuid": "a UUID such as 123e4567-e89b-12d3-a456-426614174000",
    "array": "a list",
    "object": "an object",
    "boolean": "true or false",
}
#: The JSON schema words that RE2 and Python leave to the schema library.
_FORMAT_WORDS = {
    "date": "a date such as 2026-01-31",
    "date-time": "a date and time such as 2026-01-31T12:00:00Z",
    "time": "a time such as 12:00:00Z",
    "email": "an email address",
    "uri": "a URI such as https://example.com/",
    "hostname": "a host name",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "uuid": WORDS["uuid"],
}


def has_type(value: Json, kind: FieldType) -> bool:
    """Return whether `value` is of a field's type; true and false are no numbers."""
    match kind:
        case "string":
            return isinstance(value, str)
        case "numberstring":
            return isinstance(value, str) and _DECIMAL.fullmatch(value) is not None
        case "uuid":
            return isinstance(value, str) and _UUID.fullmatch(value) is not None
        case "number":
            return _is_whole(value)
        case "float" | "double":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)


def normalized(value: Json, kind: FieldType) -> Json:
    """Return a value of the right type as it is kept: 3.0 for a whole number is 3."""
    return int(value) if kind == "number" and isinstance(value, float) else value


def complaints(field: Field, value: Json) -> Iterator[str]:
    """Give everything that is wrong with a value that has the field's type."""
    if isinstance(value, str | list):
        yield from _length_complaints(field, value)
    if isinstance(value, int | float):
        yield from _bound_complaints(field, value)
    if isinstance(value, str):
        yield from _text_complaints(field, value)
    if field.enum and not any(json_equal(value, choice) for choice in field.enum):
        listed = ", ".join(dumps(choice) for choice in field.enum[:20])
        yield f"should be one of {listed}" + (", …" if len(field.enum) > 20 else "")


def _is_whole(value: Json) -> bool:
    if isinstance(value, float):
        return value.is_integer() and MIN_INTEGER <= int(value) <= MAX_INTEGER
    return isinstance(value, int) and not isinstance(value, bool) and MIN_INTEGER <= value <= MAX_INTEGER


def _length_complaints(field: Field, value: str | list[Json]) -> Iterator[str]:
    noun = "character" if isinstance(value, str) else "item"
    if len(value) < field.minLength:
        yield f"should have at least {counted(field.minLength, noun)}"
    if field.maxLength and len(value) > field.maxLength:
        yield f"should have at most {counted(field.maxLength, noun)}"


def _bound_complaints(field: Field, value: float) -> Iterator[str]:
    if field.minimum is not None and value < field.minimum:
        yield f"should be {field.minimum} or more"
    if field.maximum is not None and value > field.maximum:
        yield f"should be {field.maximum} or less"


def _text_complaints(field: Field, value: str) -> Iterator[str]:
    if field.pattern and not _pattern(field.pattern).search(value):
        yield f"does not match the pattern {field.pattern}"
    if field.format and not _format(field.format).is_valid(value):
        yield f"should be {_FORMAT_WORDS[field.format]}"


@lru_cache(maxsize=1_000)
def _pattern(pattern: str) -> Any:
    return re2.compile(pattern)


@lru_cache
def _format(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True, offline=True)
