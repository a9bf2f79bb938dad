from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.values import check_schema, check_schema_itself
from integrations.errors import Problem
from integrations.types import Json

_ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "email": {"type": "string", "format": "email"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
    },
    "required": ["id"],
    "$defs": {"line": {"type": "object", "properties": {"price": {"minimum": 0}}}},
}


def test_value_that_fits_its_schema_has_no_problems() -> None:
    assert check_schema(_ORDER, {"id": 1, "lines": [{"price": 0}], "email": "a@example.com"}, place="body") == []


def test_every_misfit_is_reported_at_its_place_without_its_value() -> None:
    value: Json = {"lines": [{"price": 1}, {"price": -77}, "s3cret"], "email": "nobody"}

    problems = check_schema(_ORDER, value, place="body")

    assert sorted(problem.place for problem in problems) == [
        "body/email",
        "body/id",
        "body/lines[1]/price",
        "body/lines[2]",
    ]
    assert Problem("body/id", '"id" is required') in problems
    assert not any(secret in str(problem) for problem in problems for secret in ("77", "s3cret", "nobody"))


@pytest.mark.parametrize(
    ("schema", "place", "message"),
    [
        ({"type": "objekt"}, "x/type", ""),
        ({"properties": []}, "x/properties", ""),
        ({"properties": {"a": {"minimum": "1"}}}, "x/properties/a/minimum", ""),
        ({"$ref": "https://example.com/schema.json"}, "x", "a $ref leads to nowhere in this schema"),
        ({"$ref": "#/$defs/nothing"}, "x", "a $ref leads to nowhere in this schema"),
        ({"type": "string", "pattern": "(a"}, "x/pattern", ""),
        ({"type": "string", "pattern": "(?=a)"}, "x/pattern", ""),
    ],
)
def test_broken_schema_is_a_problem_when_saved_and_when_used(schema: dict[str, Any], place: str, message: str) -> None:
    problems = check_schema_itself(schema, place="x")

    assert [problem.place for problem in problems] == [place]
    assert message in problems[0].message
    assert check_schema(schema, {}, place="x") == problems


def test_schema_with_a_pattern_that_backtracks_elsewhere_takes_linear_time() -> None:
    schema: dict[str, Any] = {"type": "string", "pattern": "^(a+)+$"}

    assert len(check_schema(schema, "a" * 50_000 + "b", place="body")) == 1


def test_body_full_of_mistakes_is_reported_up_to_a_limit() -> None:
    problems = check_schema({"items": {"type": "string"}}, list(range(1_000)), place="body")

    assert len(problems) == 50
