"""Checks fields themselves, when they are saved: a default that its own field refuses would fail every run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from integrations.definitions.field import Field
from integrations.definitions.values.fields import check_value
from integrations.errors import Problem, join_place

_WITH_LENGTH = ("string", "numberstring", "uuid", "array")


def check_fields(fields: Sequence[Field], *, place: str) -> list[Problem]:
    """Return what does not fit together in fields (at `place[0]`, …): defaults, samples, choices, lengths, nesting."""
    return [
        problem for position, field in enumerate(fields) for problem in _field_problems(field, f"{place}[{position}]")
    ]


def _field_problems(field: Field, place: str) -> Iterator[Problem]:
    yield from _own_values(field, place)
    if field.type not in _WITH_LENGTH and (field.minLength or field.maxLength):
        yield Problem(place, f"minLength and maxLength are for texts and arrays, the type is {field.type}")
    if field.items is not None and field.type != "array":
        yield Problem(join_place(place, "items"), f"items are for arrays, the type is {field.type}")
    if field.fields and field.type not in ("object", "array"):
        yield Problem(join_place(place, "fields"), f"fields are for objects and arrays, the type is {field.type}")
    if field.items is not None and field.fields:
        yield Problem(join_place(place, "fields"), "give either items or fields for the items of an array")
    if field.items is not None:
        yield from _field_problems(field.items, join_place(place, "items"))
    yield from check_fields(field.fields, place=join_place(place, "fields"))


def _own_values(field: Field, place: str) -> Iterator[Problem]:
    for name, value in (("sampleValue", field.sampleValue), ("defaultValue", field.defaultValue)):
        if value is not None:
            yield from check_value(field, value, place=join_place(place, name))[1]
    unchosen = field.model_copy(update={"enum": ()})
    for index, choice in enumerate(field.enum):
        yield from check_value(unchosen, choice, place=f"{join_place(place, 'enum')}[{index}]")[1]
