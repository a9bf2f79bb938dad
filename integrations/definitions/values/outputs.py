"""Checks what code returned against what it says it returns."""

from __future__ import annotations

from integrations.definitions.field import Field, Output
from integrations.definitions.values import constraints
from integrations.definitions.values.fields import check_value, check_values
from integrations.errors import Problem
from integrations.types import Json


def check_output(output: Output, value: Json, *, place: str) -> list[Problem]:
    """Return everything that is wrong with a result; keys beyond the declared ones are no problem."""
    if output.type is not None and not constraints.has_type(value, output.type):
        return [Problem(place, f"should be {constraints.WORDS[output.type]}")]
    if isinstance(value, dict):
        return check_values(output.output_keys, value, place=place, allow_unknown=True)[1]
    if isinstance(value, list) and output.output_keys:
        element = element_of(output)
        return [
            problem
            for index, item in enumerate(value)
            for problem in check_value(element, item, place=f"{place}[{index}]", allow_unknown=True)[1]
        ]
    return []


def element_of(output: Output) -> Field:
    """Return what each item of an array is: an object with the output keys, or the only field when it has no key."""
    if len(output.output_keys) == 1 and output.output_keys[0].key == "arg1":
        return output.output_keys[0]
    return Field(key="item", type="object", fields=output.output_keys)
