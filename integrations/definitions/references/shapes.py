"""What is known about a value before it exists: its field type, and the fields or items below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from integrations.definitions.references.names import LIST, NUMBER, OBJECT, TEXT, WHOLE, suggestion, type_words
from integrations.definitions.references.nodes import Path

#: Field types of design section 3, as the JSON types that their values have.
_JSON_TYPES = {
    "string": TEXT,
    "numberstring": TEXT,
    "uuid": TEXT,
    "number": WHOLE,
    "float": NUMBER,
    "double": NUMBER,
    "boolean": frozenset({"boolean"}),
    "array": LIST,
    "object": OBJECT,
}


class Shape(Protocol):
    """What a reference needs to know of a value; the definitions' `Field` is one."""

    @property
    def key(self) -> str: ...
    @property
    def type(self) -> str | None: ...
    @property
    def fields(self) -> Iterable[Shape]: ...
    @property
    def items(self) -> Shape | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownShape:
    """A shape that no field declares, such as a function's output."""

    key: str = ""
    #: A field type; None when any.
    type: str | None = None
    #: Of an object; empty when any fields may be there.
    fields: tuple[Shape, ...] = ()
    #: Of a list; None when any.
    items: Shape | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionShape:
    """What a function takes, in order, and gives."""

    inputs: tuple[Shape, ...] = ()
    #: How many of the inputs, counted from the first, must be given.
    required: int = 0
    output: Shape | None = None


class UnknownName(Exception):
    """A reference points at what is not there; the checker turns it into a problem."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def json_types(shape: Shape | None) -> frozenset[str] | None:
    """Return the JSON types of a shape's values, or None when they are not known."""
    return _JSON_TYPES.get(shape.type or "") if shape else None


def descend(shape: Shape | None, path: Path) -> Shape | None:
    """Return the shape at the end of `path`, or None when it is not known.

    Raises:
        UnknownName: a declared shape has no such key.
    """
    for key in path:
        if shape is None:
            return None
        shape = _below(shape, key)
    return shape


def _below(shape: Shape, key: str | int) -> Shape | None:
    if shape.type == "array":
        return _element(shape, key)
    if shape.type == "object":
        return _field(shape, key)
    if types := json_types(shape):
        raise UnknownName(f'"{shape.key}" is {type_words(types)}, so there is no {_key_words(key)} in it')
    return None


def _element(shape: Shape, key: str | int) -> Shape | None:
    if isinstance(key, str):
        raise UnknownName(f'"{shape.key}" is a list, so it has no key "{key}"', "write an index: {[0]}")
    return shape.items


def _field(shape: Shape, key: str | int) -> Shape | None:
    if isinstance(key, int):
        raise UnknownName(f'"{shape.key}" is an object, so it has no index {key}', f"write {{{key}}} for the key")
    fields = {field.key: field for field in shape.fields}
    if fields and key not in fields:
        raise UnknownName(f'unknown field "{key}" in "{shape.key}"', suggestion(key, fields))
    return fields.get(key)


def _key_words(key: str | int) -> str:
    return f"index {key}" if isinstance(key, int) else f'key "{key}"'
