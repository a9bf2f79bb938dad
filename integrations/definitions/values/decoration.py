"""Adds what a field says is put around its value when it is sent."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.definitions.field import Field
from integrations.types import Json, JsonObject


def decorate(fields: Sequence[Field], values: JsonObject) -> JsonObject:
    """Return the values as they are sent: every text of a field with a decorator has it added, at every depth."""
    by_key = {field.key: field for field in fields}
    return {key: _decorated(by_key[key], value) if key in by_key else value for key, value in values.items()}


def _decorated(field: Field, value: Json) -> Json:
    if isinstance(value, str):
        return f"{field.decorator}{value}" if field.decoratorPosition == "prepend" else f"{value}{field.decorator}"
    if isinstance(value, dict):
        return decorate(field.fields, value)
    if isinstance(value, list):
        return [_decorated_item(field, item) for item in value]
    return value


def _decorated_item(field: Field, item: Json) -> Json:
    if field.items is not None:
        return _decorated(field.items, item)
    return decorate(field.fields, item) if isinstance(item, dict) else item
