"""A typed field: what a function, feature, action or variable takes or gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import re2
from pydantic import (
    AfterValidator,
    BeforeValidator,
    JsonValue,
    NonNegativeInt,
    PlainValidator,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from integrations.definitions.base import Definition, Description, Many

FieldType = Literal["string", "numberstring", "number", "float", "double", "uuid", "array", "object", "boolean"]
Format = Literal["date", "date-time", "time", "email", "uri", "hostname", "ipv4", "ipv6", "uuid"]

_TEXTS = ("string", "numberstring", "uuid")
_NUMBERS = ("number", "float", "double")
#: Spellings that the mapping form `{name: {type, minlength, maxlength}}` uses, and the field's own.
_SPELLINGS = {"minlength": "minLength", "maxlength": "maxLength", "default": "defaultValue", "sample": "sampleValue"}


def _text_of(error: Exception) -> str:
    """Return RE2's message, which its binding raises as bytes."""
    why = error.args[0] if error.args else ""
    return why.decode() if isinstance(why, bytes) else str(why)


def _number(value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("number", "should be a number")


#: A number as it was written: 3 stays 3, true is none.
Number = Annotated[int | float, PlainValidator(_number)]


def _quiet_options() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


_QUIET = _quiet_options()


def pattern_problem(pattern: str) -> str:
    """Return why RE2 cannot compile `pattern`, or ""."""
    try:
        re2.compile(pattern, _QUIET)
    except re2.error as error:
        return _text_of(error)
    return ""


def name_fields(value: Any) -> Any:
    """Return the list form of fields.

    The mapping form is unfolded; a field without a key is named `arg1`, `arg2`, … by its position.
    """
    if isinstance(value, dict):
        return [_from_mapping(name, spec) for name, spec in value.items()]
    if isinstance(value, list | tuple):
        return [_with_key(spec, f"arg{position}") for position, spec in enumerate(value, start=1)]
    return value


def _from_mapping(name: str, spec: Any) -> Any:
    if isinstance(spec, str):
        return {"key": name, "type": spec}
    return _with_key(spec, name)


def _with_key(spec: Any, key: str) -> Any:
    if not isinstance(spec, dict):
        return spec
    renamed = {_SPELLINGS.get(name, name): value for name, value in spec.items()}
    return renamed if renamed.get("key") else {**renamed, "key": key}


def unique_keys(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    keys = [field.key for field in fields]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise PydanticCustomError("duplicate_key", 'the key "{key}" appears twice', {"key": twice[0]})
    return fields


class Field(Definition):
    """One typed value.

    `number` is an integer of 64 bits; lengths are of text (code points) or of an array, 0 is no limit.
    """

    key: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    type: FieldType
    required: bool = True
    minLength: NonNegativeInt = 0
    maxLength: NonNegativeInt = 0
    sampleValue: JsonValue = None
    description: Description = ""
    #: Used when the value is missing; None means that there is no default.
    defaultValue: JsonValue = None
    #: Text added to the value when it is sent, at its end (`append`) or its start (`prepend`).
    decorator: str = ""
    decoratorPosition: Literal["append", "prepend"] = "append"
    items: Field | None = None
    #: Of an object, or of the objects in an array that has no `items`.
    fields: Annotated[Many[Field], BeforeValidator(name_fields), AfterValidator(unique_keys)] = ()
    enum: Many[JsonValue] = ()
    minimum: Number | None = None
    maximum: Number | None = None
    #: RE2, searched anywhere in the text. Source: JSON Schema 2020-12, validation section 6.3.3.
    pattern: str = ""
    format: Format | None = None

    @field_validator("items", mode="before")
    @classmethod
    def _name_items(cls, value: Any) -> Any:
        return {"key": "item", **value} if isinstance(value, dict) else value

    @field_validator("pattern")
    @classmethod
    def _compile_pattern(cls, value: str) -> str:
        if why := pattern_problem(value):
            raise PydanticCustomError("pattern", "is not an RE2 pattern: {why}", {"why": why})
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Field:
        if self.maxLength and self.minLength > self.maxLength:
            raise PydanticCustomError("lengths", "minLength is greater than maxLength")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise PydanticCustomError("bounds", "minimum is greater than maximum")
        if self.type not in _NUMBERS and (self.minimum is not None or self.maximum is not None):
            message = "minimum and maximum are for numbers, the type is {type}"
            raise PydanticCustomError("bounds", message, {"type": self.type})
        if self.type not in _TEXTS and (self.pattern or self.format or self.decorator):
            raise PydanticCustomError("text_only", "pattern, format and decorator are for texts")
        return self


#: Fields as a list, or as the mapping `{name: {type, minlength, maxlength}}`, which becomes a list.
Fields = Annotated[Many[Field], BeforeValidator(name_fields), AfterValidator(unique_keys)]


class Output(Definition):
    """What code returns: its type (any when None), and for an object or the items of an array the keys it must have."""

    type: FieldType | None = None
    output_keys: Fields = ()
