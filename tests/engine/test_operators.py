"""Every operator on values: results, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.definitions.references import OPERATORS
from integrations.engine import operators
from integrations.engine.resolve_errors import MissingValue, ResolveError
from integrations.types import Json
from tests.definitions.references.strategies import JSON_VALUES

ORDERS: list[Json] = [
    {"id": 1, "status": "paid", "total": 10},
    {"id": 2, "status": "open", "total": 2.5},
    {"id": 3, "total": None},
]


def same(left: Json, right: Json) -> bool:
    return type(left) is type(right) and left == right


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("Add", [1, 2], 3),
        ("Add", [1, 2, 3, 4], 10),
        ("Add", [1, 2.0], 3.0),
        ("Add", [2**62, 2**62 - 1], 2**63 - 1),  # exact, as no float could be
        ("Subtract", [5, 2, 1], 2),
        ("Multiply", [3, -4], -12),
        ("Multiply", [2, 1.5], 3.0),
        ("Divide", [6, 3], 2),
        ("Divide", [-7, 2], -3.5),
        ("Divide", [-8, 2], -4),
        ("Divide", [6.0, 3], 2.0),
        ("Divide", [0, 5], 0),
        ("Concat", [["a", 1, 2.5, True, None, ["x"], {"k": "é"}], "-"], 'a-1-2.5-true--["x"]-{"k":"é"}'),
        ("Concat", [["a", "b"]], "ab"),
        ("Concat", [[], ", "], ""),
        ("Join", [[[1], [], ["a", [2]]]], [1, "a", [2]]),
        ("Join", [[]], []),
        ("Split", ["a,b,,c", ","], ["a", "b", "", "c"]),
        ("Split", ["", ","], [""]),
        ("Split", ["a😀", ""], ["a", "😀"]),
        ("Substring", ["a😀bc", 1, 3], "😀b"),
        ("Substring", ["abc", 1], "bc"),
        ("Substring", ["abc", -2], "bc"),
        ("Substring", ["abc", 0, -1], "ab"),
        ("Substring", ["abc", 2, 1], ""),
        ("Substring", ["abc", 5, 99], ""),
        ("Pick", [[1, None], 1], None),
        ("Pick", ["a😀", 1], "😀"),
        ("Pick", [[1, 2], -1], 2),
        ("Trim", [" \t a b\n"], "a b"),
        ("Uppercase", ["aé"], "AÉ"),
        ("Lowercase", ["AÉ"], "aé"),
        ("Replace", ["a.b.c", ".", "$1"], "a$1b$1c"),
        ("Replace", ["abc", "x", "y"], "abc"),
        ("Dateformat", ["2026-11-24T13:05:09Z", "DD/MM/YYYY HH:mm:ss"], "24/11/2026 13:05:09"),
        ("Dateformat", [0, "YYYY", "America/New_York"], "1969"),
        ("Size", [{"a": 1, "b": 2}], 2),
        ("Size", [[1]], 1),
        ("Length", ["a😀"], 2),
        ("Length", [[]], 0),
    ],
)
def test_operator_gives_its_result(name: str, arguments: list[Json], expected: Json) -> None:
    assert same(operators.apply(name, arguments), expected)


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["status", "==", "paid"], [1]),
        (["status", "!=", "paid"], [2, 3]),  # a key that is not there compares as null
        (["status", "==", None], [3]),
        (["total", ">", 2.5], [1]),
        (["total", ">=", 2.5], [1, 2]),
        (["total", "<", 10], [2]),  # null is neither before nor after
        (["total", "<=", 10], [1, 2]),
        (["status", "in", ["paid", "open"]], [1, 2]),
        (["status", "contains", "ai"], [1]),
        (["id", "==", "1"], []),  # a text is not a number
        (["id", "==", 1.0], [1]),
        (["id", "==", True], []),  # and true is not 1
    ],
)
def test_filter_and_find_compare_a_key_by_type(arguments: list[Json], ids: list[int]) -> None:
    kept: Any = operators.apply("Filter", [ORDERS, *arguments])
    first = operators.apply("Find", [ORDERS, *arguments])

    assert [order["id"] for order in kept] == ids
    assert first == (kept[0] if kept else None)


@pytest.mark.parametrize(
    ("elements", "comparison", "value", "kept"),
    [
        ([1, 2, 3], ">", 1, [2, 3]),
        (["a", "b"], "<", "b", ["a"]),
        ([[1, [2]], [1, [3]]], "==", [1, [2]], [[1, [2]]]),
        ([{"a": 1}, {"a": True}], "==", {"a": 1.0}, [{"a": 1}]),
        ([[1], [True]], "contains", True, [[True]]),
        (["ab", "c"], "in", "abc", ["ab", "c"]),
        ([{"k": 1}, {}], "contains", "k", [{"k": 1}]),
        ([None, 0, False, ""], "==", False, [False]),
        ([None, "a"], "in", ["a", None], [None, "a"]),
        ([None, [1]], "contains", 1, [[1]]),
    ],
)
def test_filter_compares_elements_by_type(elements: Json, comparison: str, value: Json, kept: list[Json]) -> None:
    result = operators.apply("Filter", [elements, comparison, value])

    assert isinstance(result, list)
    assert [repr(each) for each in result] == [repr(each) for each in kept]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("Add", ["1", 2], "argument 1 of $Add (number) takes a number, here is text"),
        ("Add", [1, True], "argument 2 of $Add (number) takes a number, here is true or false"),
        ("Add", [1, None], "argument 2 of $Add (number) takes a number, here is null"),
        ("Add", [2**63 - 1, 1], "the result does not fit in a whole number of 64 bits"),
        ("Divide", [-(2**63), -1], "the result does not fit in a whole number of 64 bits"),
        ("Multiply", [1e308, 10], "the result is too large for a number"),
        ("Divide", [1, 0], "$Divide by zero"),
        ("Divide", [1.0, 0.0], "$Divide by zero"),
        ("Concat", ["a", "b"], "argument 1 of $Concat (list) takes a list, here is text"),
        ("Join", [[[1], 2]], "$Join takes a list of lists, here is a number in it"),
        ("Replace", ["a", "", "b"], "$Replace needs a text to replace, here it is empty"),
        ("Replace", ["a" * 5_000, "a", "b" * 5_000], "the text would be longer than 5,000,000 characters"),
        ("Concat", [["a" * 3_000_000] * 2, ""], "the text would be longer than 5,000,000 characters"),
        ("Concat", [[""] * 100_000, "a" * 100], "the text would be longer than 5,000,000 characters"),
        ("Join", [[[1] * 150_000] * 2], "the list would be longer than 200,000 elements"),
        ("Split", ["a" * 200_000, ""], "the list would be longer than 200,000 elements"),
        ("Split", ["," * 200_000, ","], "the list would be longer than 200,000 elements"),
        ("Substring", ["abc", 1.0], "argument 2 of $Substring (start) takes a whole number, here is a number"),
        ("Size", ["abc"], "argument 1 of $Size (object or list) takes a list or an object, here is text"),
        ("Filter", [[1], "=", 1], 'an unknown comparison; did you mean ">="?'),
        ("Filter", [[1, "a"], ">", 0], "text and a number have no order"),
        ("Filter", [[True], ">", 0], "true or false and a number have no order"),
        ("Filter", [[1], "contains", 0], "a number cannot contain a number"),
        ("Filter", [["1"], "contains", 1], "text cannot contain a number"),
        ("Filter", [[1] * 2_000, "in", [2] * 1_001], "the search would make more than 2,000,000 comparisons"),
        ("Filter", [[1], "k", "==", 0], 'there is a number in the list, which has no key "k"'),
        (
            "Dateformat",
            [True, "YYYY"],
            "argument 1 of $Dateformat (value) takes text or a number, here is true or false",
        ),
    ],
)
def test_operator_refuses_what_it_cannot_work_with(name: str, arguments: list[Json], message: str) -> None:
    with pytest.raises(ResolveError) as caught:
        operators.apply(name, arguments)

    assert str(caught.value) == message


@pytest.mark.parametrize(("holder", "index"), [([], 0), ([1], 1), ([1], -2), ("ab", 2)])
def test_pick_past_the_end_is_missing(holder: Json, index: int) -> None:
    with pytest.raises(MissingValue):
        operators.apply("Pick", [holder, index])


@settings(deadline=None)
@given(st.data())
def test_operators_on_any_values_give_a_value_or_refuse(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(set(OPERATORS) - {"Default"})))
    signature = data.draw(st.sampled_from(OPERATORS[name].signatures))
    arguments = [data.draw(JSON_VALUES) for _ in signature]

    try:
        result = operators.apply(name, arguments)
    except ResolveError:
        return

    assert isinstance(result, int | float | str | list | dict | None)
