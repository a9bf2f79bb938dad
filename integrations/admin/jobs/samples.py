"""Samples of what fields take: the values that they name, and stand-ins of the right type for what must be given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integrations.definitions.checking.shapes import SCHEMA_TYPES
from integrations.definitions.field import Field, FieldType
from integrations.types import Json, JsonObject

_TEXT = "text"
_TEXTS = {
    "date": "2030-01-31",
    "date-time": "2030-01-31T09:30:00Z",
    "time": "09:30:00Z",
    "email": "ada@example.com",
    "uri": "https://example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}


def sample_of(fields: Sequence[Field]) -> JsonObject:
    """Return an object with what must be given, and what else has a sample."""
    return {each.key: _sample(each) for each in fields if _is_wanted(each)}


def fields_of_schema(schema: JsonObject) -> list[Field]:
    """Return the properties of a JSON Schema as fields, as far as fields can say what it says."""
    properties, required = schema.get("properties"), schema.get("required")
    names = required if isinstance(required, list) else []
    found = properties.items() if isinstance(properties, dict) else ()
    return [_field(key, value, is_required=key in names) for key, value in found if key and isinstance(value, dict)]


def _is_wanted(shape: Field) -> bool:
    return shape.sampleValue is not None or (shape.required and shape.defaultValue is None)


def _sample(shape: Field) -> Json:
    if shape.sampleValue is not None:
        return shape.sampleValue
    if shape.enum:
        return shape.enum[0]
    match shape.type:
        case "boolean":
            return False
        case "number" | "float" | "double":
            return _nearest_to_zero(shape)
        case "object":
            return sample_of(shape.fields)
        case "array":
            item: Json = _sample(shape.items) if shape.items else sample_of(shape.fields)
            return [item] * max(shape.minLength, 1) if shape.items or shape.fields else []
        case "numberstring":
            return "0"
        case "uuid":
            return _TEXTS["uuid"]
        case _:
            return _TEXTS[shape.format] if shape.format else _text(shape)


def _nearest_to_zero(shape: Field) -> Json:
    if shape.minimum is not None and shape.minimum > 0:
        return shape.minimum
    return shape.maximum if shape.maximum is not None and shape.maximum < 0 else 0


def _text(shape: Field) -> str:
    text = _TEXT * (1 + shape.minLength // len(_TEXT)) if shape.minLength > len(_TEXT) else _TEXT
    longest = max(shape.minLength, len(_TEXT))
    return text[: min(longest, shape.maxLength or longest)]


def _field(key: str, schema: dict[str, Any], *, is_required: bool) -> Field:
    examples = schema.get("examples")
    sample = examples[0] if isinstance(examples, list) and examples else schema.get("example")
    items = schema.get("items")
    is_list = isinstance(items, dict)
    return Field.model_construct(
        key=key,
        type=_type(schema.get("type")),
        required=is_required,
        description=str(schema.get("description", "")),
        sampleValue=schema.get("const", sample),
        defaultValue=schema.get("default"),
        items=_field("item", items, is_required=True) if is_list and items else None,
        fields=tuple(fields_of_schema(schema)),
        enum=tuple(schema["enum"]) if isinstance(schema.get("enum"), list) else (),
    )


def _type(named: Any) -> FieldType:
    """Return the first of the types that a schema names which says what it is for us."""
    names = named if isinstance(named, list) else [named]
    return next((SCHEMA_TYPES[name] for name in names if isinstance(name, str) and name in SCHEMA_TYPES), "object")
