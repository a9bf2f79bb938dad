from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.admin.starting.form import RunForm, can_show, field_name
from integrations.definitions.field import Field
from integrations.errors import Problem
from integrations.models import Environment
from integrations.types import Json, JsonObject

DEV = Environment(slug="dev", env_name="Development")
STAGING = Environment(slug="stg", env_name="Staging")
PRODUCTION = Environment(slug="prd", env_name="Production", active=False)

INPUT: list[JsonObject] = [
    {"key": "item", "type": "string"},
    {"key": "quantity", "type": "number", "required": False},
    {"key": "gift", "type": "boolean"},
    {"key": "ship to", "type": "object", "required": False},
]


def fields(*shapes: JsonObject) -> list[Field]:
    return [Field.parse(shape) for shape in shapes]


def form(data: dict[str, str] | None = None, **options: Any) -> RunForm:
    shown = {"fields": fields(*INPUT), "environments": [DEV, PRODUCTION], "as_json": False, **options}
    return RunForm(data and {"environment": "dev", **data}, **shown)


def test_form_filled_in_gives_the_input() -> None:
    filled = form({"input-item": "", "input-quantity": "0", "input-ship%20to": '{"city": "Lagos"}'})

    assert filled.is_valid()
    assert filled.input == {"item": "", "quantity": 0, "gift": False, "ship to": {"city": "Lagos"}}


def test_form_with_empty_optional_boxes_leaves_them_out() -> None:
    filled = form({"input-item": "lamp", "input-quantity": "", "input-gift": "on", "input-ship%20to": ""})

    assert filled.is_valid()
    assert filled.input == {"item": "lamp", "gift": True}


@pytest.mark.parametrize("key", ["plain", "with space", 'quo"te', "a/b", "ü", "<b>"])
def test_field_name_of_any_key_is_one_word(key: str) -> None:
    assert field_name(key).removeprefix("input-").translate(str.maketrans("", "", "%._-")).isalnum()


@pytest.mark.parametrize(
    ("place", "name", "shown_place"),
    [
        ("input/item", "input-item", ""),
        ("input/ship to/city", "input-ship%20to", "input/ship to/city"),
        ("input/ship to[0]", "input-ship%20to", "input/ship to[0]"),
        ("input/items", "__all__", "input/items"),
        ("input", "__all__", "input"),
        ("connected_apps/orders/envs", "environment", "connected_apps/orders/envs"),
    ],
)
def test_problem_is_shown_at_its_field(place: str, name: str, shown_place: str) -> None:
    filled = form({"input-item": "x"})

    filled.show([Problem(place, "is wrong", "do better")])

    (error,) = filled.errors.as_data()[name]
    assert error.problem == Problem(shown_place, "is wrong", "do better")  # type: ignore[attr-defined]  # ProblemError


def test_problem_of_json_input_keeps_its_place() -> None:
    filled = form({"json": "{}"}, as_json=True)

    filled.show([Problem("input/item", "is required")])

    (error,) = filled.errors.as_data()["json"]
    assert error.problem.place == "input/item"  # type: ignore[attr-defined]  # ProblemError


@pytest.mark.parametrize(("text", "expected"), [("", {}), ('{"a": 0}', {"a": 0}), ("[1]", [1]), ("null", None)])
def test_json_form_gives_what_was_written(text: str, expected: Json) -> None:
    filled = form({"json": text}, as_json=True)

    assert filled.is_valid()
    assert filled.input == expected


def test_json_form_with_a_syntax_error_says_so() -> None:
    filled = form({"json": '{"a": '}, as_json=True)

    assert not filled.is_valid()
    assert "json" in filled.errors


def test_feature_without_declared_input_takes_json() -> None:
    assert "json" in form(fields=[]).fields


def test_inactive_environment_is_shown_with_why_and_cannot_be_chosen() -> None:
    html = str(form()["environment"])

    assert '<option value="prd" disabled>' in html
    assert "Production (prd): inactive, so nothing runs there" in html


def test_only_active_environment_is_chosen_at_first() -> None:
    assert form().initial["environment"] == "dev"


def test_of_several_active_environments_none_is_chosen_at_first() -> None:
    shown = form(environments=[DEV, STAGING])

    assert shown.initial["environment"] == ""
    assert "Choose…" in str(shown["environment"])


@pytest.mark.parametrize(("chosen", "expected"), [("stg", "stg"), ("prd", ""), ("nix", "")])
def test_environment_of_an_earlier_run_is_chosen_while_it_is_active(chosen: str, expected: str) -> None:
    shown = form(environments=[DEV, STAGING, PRODUCTION], environment=chosen)

    assert shown.initial["environment"] == expected


def test_unknown_environment_is_refused() -> None:
    assert "environment" in form({"input-item": "x", "environment": "nix"}).errors


def test_typed_values_are_kept_for_the_other_shape() -> None:
    filled = form({"input-item": "lamp", "input-quantity": "many", "input-ship%20to": "{broken"})
    filled.is_valid()

    assert filled.typed == {"item": "lamp", "quantity": "many", "gift": False, "ship to": "{broken"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, True),
        ({"item": "lamp", "quantity": 0, "gift": False}, True),
        ({"item": "lamp", "unknown": 1}, False),
        ({"quantity": "many"}, False),
        ([], False),
        (None, False),
    ],
)
def test_fields_can_show_only_what_they_have_boxes_for(values: Json, expected: bool) -> None:
    assert can_show(fields(*INPUT), values) is expected


def test_values_shown_are_given_back() -> None:
    values: JsonObject = {"item": "lamp", "quantity": 0, "gift": True, "ship to": {"a": [0, False, ""]}}
    shown = form(values=values)

    data = {name: shown.initial[name] for name in shown.value_fields}
    sent = {name: "on" if value is True else str(value) for name, value in data.items()}

    filled = form(sent)
    assert filled.is_valid()
    assert filled.input == values
    assert json.loads(data["input-ship%20to"]) == values["ship to"]
