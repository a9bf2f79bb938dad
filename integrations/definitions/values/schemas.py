"""Checks values against JSON Schemas (draft 2020-12), which never fetch anything and match patterns in linear time."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jsonschema_rs

from integrations import strict_json
from integrations.errors import Problem, join_place
from integrations.types import Json, JsonObject

#: A body with more mistakes than this is simply another body.
_MAX_PROBLEMS = 50


def check_schema(schema: JsonObject, value: Json, *, place: str) -> list[Problem]:
    """Return everything that is wrong with a value, at places below `place`; a broken schema is itself the problem."""
    try:
        validator = _validator(strict_json.canonical(schema))
    except jsonschema_rs.ValidationError:
        return check_schema_itself(schema, place=place)
    return [
        _problem(error, place) for error, _ in zip(validator.iter_errors(value), range(_MAX_PROBLEMS), strict=False)
    ]


def check_schema_itself(schema: JsonObject, *, place: str) -> list[Problem]:
    """Return what is wrong with a schema: against its meta-schema, a pattern, or a `$ref` that leads outside."""
    errors = [_problem(error, place) for error in _META.iter_errors(schema)][:_MAX_PROBLEMS]
    if errors:
        return errors
    try:
        _validator(strict_json.canonical(schema))
    except jsonschema_rs.ValidationError as error:
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Referencing):
            message = "a $ref leads to nowhere in this schema"
            return [Problem(place, message, "only references such as #/$defs/order work")]
        return [_problem(error, place)]
    return []


def _problem(error: jsonschema_rs.ValidationError, place: str) -> Problem:
    for part in error.instance_path:
        place = join_place(place, f"[{part}]" if isinstance(part, int) else part)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        return Problem(join_place(place, error.kind.property), f'"{error.kind.property}" is required')
    return Problem(place, error.message)


def _compile(schema: Any, **options: Any) -> jsonschema_rs.Draft202012Validator:
    # The mask stands for the value in messages, which may be stored and shown where the value may not.
    return jsonschema_rs.Draft202012Validator(
        schema, mask="this", offline=True, pattern_options=jsonschema_rs.RegexOptions(), **options
    )


@lru_cache(maxsize=500)
def _validator(schema_text: str) -> jsonschema_rs.Draft202012Validator:
    return _compile(strict_json.loads(schema_text), validate_formats=True)


_META = _compile({"$ref": "https://json-schema.org/draft/2020-12/schema"})
