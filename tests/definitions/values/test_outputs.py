from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.field import Output
from integrations.definitions.values import check_output
from integrations.errors import Problem
from integrations.types import Json

_KEYS = {"id": "number", "note": {"type": "string", "required": False}}


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ({}, None),
        ({}, [1, "a"]),
        ({"output_keys": _KEYS}, "text"),
        ({"output_keys": _KEYS}, {"id": 1}),
        ({"type": "number"}, 3.0),
        ({"type": "string"}, ""),
        ({"type": "boolean"}, False),
        ({"type": "string", "output_keys": [{"type": "string"}]}, "text"),
        ({"type": "object", "output_keys": _KEYS}, {"id": 0, "more": [1]}),
        ({"type": "array"}, [1, "a"]),
        ({"type": "array", "output_keys": _KEYS}, [{"id": 1}, {"id": 2, "more": 1}]),
        ({"type": "array", "output_keys": [{"type": "string"}]}, ["a", ""]),
    ],
)
def test_result_as_declared_has_no_problems(output: dict[str, Any], value: Json) -> None:
    assert check_output(Output.parse(output), value, place="result") == []


@pytest.mark.parametrize(
    ("output", "value", "problems"),
    [
        ({"type": "string"}, None, [Problem("result", "should be text")]),
        ({"type": "number"}, True, [Problem("result", "should be a whole number of 64 bits")]),
        ({"output_keys": _KEYS}, {}, [Problem("result/id", '"id" is required')]),
        (
            {"type": "object", "output_keys": _KEYS},
            {"id": "1", "note": 2},
            [Problem("result/id", "should be a whole number of 64 bits"), Problem("result/note", "should be text")],
        ),
        (
            {"type": "array", "output_keys": _KEYS},
            [{"id": 1}, {}, 3],
            [Problem("result[1]/id", '"id" is required'), Problem("result[2]", "should be an object")],
        ),
        ({"type": "array", "output_keys": [{"type": "string"}]}, ["a", 1], [Problem("result[1]", "should be text")]),
    ],
)
def test_result_other_than_declared_is_a_problem_at_its_place(
    output: dict[str, Any], value: Json, problems: list[Problem]
) -> None:
    assert check_output(Output.parse(output), value, place="result") == problems
