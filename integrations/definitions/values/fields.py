"""Checks values against fields and fills in defaults."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.definitions.base import nearest
from integrations.definitions.field import Field
from integrations.definitions.values import constraints
from integrations.errors import Problem, join_place
from integrations.types import Json, JsonObject


def check_values(
    fields: Sequence[Field], values: JsonObject, *, place: str, allow_unknown: bool = False
) -> tuple[JsonObject, list[Problem]]:
    """Return the values with defaults filled in, and everything that is wrong with them, at places below `place`.

    `0`, `false` and `""` are values; null stands for a missing value. A key that no field declares is a problem, or
    with `allow_unknown` (at every depth) kept as it is.
    """
    walk = _Walk(allow_unknown=allow_unknown)
    return walk.object(fields, values, place), walk.problems


def check_value(field: Field, value: Json, *, place: str, allow_unknown: bool = False) -> tuple[Json, list[Problem]]:
    """Return one value that is there with defaults filled in below it, and everything that is wrong with it."""
    walk = _Walk(allow_unknown=allow_unknown)
    return walk.value(field, value, place), walk.problems


class _Walk:
    def __init__(self, *, allow_unknown: bool) -> None:
        self.allow_unknown = allow_unknown
        self.problems: list[Problem] = []

    def object(self, fields: Sequence[Field], values: JsonObject, place: str) -> JsonObject:
        known = {field.key for field in fields}
        unknown = {key: value for key, value in values.items() if key not in known}
        if unknown and not self.allow_unknown:
            self.problems += [unknown_field(key, known, place) for key in unknown]
        filled: JsonObject = {}
        for field in fields:
            value = values.get(field.key)
            if value is None:
                value = field.defaultValue
            if value is not None:
                filled[field.key] = self.value(field, value, join_place(place, field.key))
            elif field.required:
                self.problems.append(missing_field(field.key, place))
            elif field.key in values:
                filled[field.key] = None
        return filled | unknown if self.allow_unknown else filled

    def value(self, field: Field, value: Json, place: str) -> Json:
        if not constraints.has_type(value, field.type):
            self.problems.append(Problem(place, f"should be {constraints.WORDS[field.type]}"))
            return value
        self.problems += [Problem(place, message) for message in constraints.complaints(field, value)]
        if isinstance(value, list):
            return [self.item(field, item, f"{place}[{index}]") for index, item in enumerate(value)]
        if isinstance(value, dict) and field.fields:
            return self.object(field.fields, value, place)
        return constraints.normalized(value, field.type)

    def item(self, field: Field, item: Json, place: str) -> Json:
        if field.items is not None:
            return self.value(field.items, item, place)
        if not field.fields:
            return item
        if isinstance(item, dict):
            return self.object(field.fields, item, place)
        self.problems.append(Problem(place, "should be an object"))
        return item


def missing_field(key: str, place: str) -> Problem:
    return Problem(join_place(place, key), f'"{key}" is required')


def unknown_field(key: str, known: set[str], place: str) -> Problem:
    return Problem(join_place(place, key), f'unknown field "{key[:100]}"', nearest(key, known))
