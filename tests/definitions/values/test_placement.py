from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.app import Action, App
from integrations.definitions.values import complete_action_input, place_flat_input
from integrations.definitions.values.placement import missing_placeholders, supplied_by_auths
from integrations.errors import Problem
from integrations.types import Json

_PAY: dict[str, Any] = {
    "tag": "pay",
    "method": "POST",
    "resource": "/orders/:id/pay",
    "query": {"dry_run": {"type": "boolean", "required": False}, "note": {"type": "string", "required": False}},
    "headers": {"X-Trace": {"type": "string", "required": False}},
    "body": {"amount": "number", "currency": {"type": "string", "defaultValue": "EUR"}, "note": "string"},
}
_GRAPH: dict[str, Any] = {"tag": "graph", "method": "POST", "resource": "/", "body": {"query": "string"}}


def _action(**changes: Any) -> Action:
    return Action.parse({**_PAY, **changes})


@pytest.mark.parametrize(
    "values",
    [
        {"body": {"amount": 1}, "params": {"id": 2}},
        {"body": "anything"},
        {"headers": {}},
    ],
)
def test_sectioned_input_stays_as_it_is(values: dict[str, Json]) -> None:
    assert place_flat_input(_action(), values, place="input") == (values, [])


def test_section_that_is_no_object_is_a_problem() -> None:
    _, problems = place_flat_input(_action(), {"query": "$Input{filters}", "body": "$Input{order}"}, place="input")

    assert problems == [Problem("input/query", "should be an object")]


def test_flat_keys_go_where_the_fields_say() -> None:
    values: dict[str, Json] = {"id": 1, "dry_run": False, "X-Trace": "t", "amount": "$Input{amount}"}

    sections, problems = place_flat_input(_action(), values, place="input")

    assert problems == []
    assert sections == {
        "params": {"id": 1},
        "query": {"dry_run": False},
        "headers": {"X-Trace": "t"},
        "body": {"amount": "$Input{amount}"},
    }


def test_flat_keys_go_where_the_schema_of_the_body_says() -> None:
    action = _action(body={"type": "object", "properties": {"amount": {}}})

    assert place_flat_input(action, {"amount": 1}, place="input") == ({"body": {"amount": 1}}, [])


def test_flat_key_of_two_sections_and_unknown_key_are_problems() -> None:
    _, problems = place_flat_input(_action(), {"note": "a", "amuont": 1}, place="input")

    assert problems == [
        Problem(
            "input/note", '"note" is a field of query and body', "write it inside its section, as in query: {note: …}"
        ),
        Problem("input/amuont", 'unknown field "amuont"', 'did you mean "amount"?'),
    ]


def test_field_with_the_name_of_a_section_is_told_from_the_section() -> None:
    action = Action.parse(_GRAPH)

    assert place_flat_input(action, {"query": "{ me }"}, place="i") == ({"body": {"query": "{ me }"}}, [])
    assert place_flat_input(action, {"body": {"query": "{ me }"}}, place="i") == ({"body": {"query": "{ me }"}}, [])


def test_empty_input_has_no_sections() -> None:
    assert place_flat_input(_action(), {}, place="input") == ({}, [])


def test_completed_input_has_defaults_and_every_problem() -> None:
    sections: dict[str, Json] = {"body": {"amount": "1", "note": ""}, "query": {"dry": 1}, "headers": {"Any": "x"}}

    completed, problems = complete_action_input(_action(), sections, place="input")

    assert completed["body"] == {"amount": "1", "currency": "EUR", "note": ""}
    assert completed["headers"] == {"Any": "x"}
    assert [problem.place for problem in problems] == ["input/query/dry", "input/body/amount"]


def test_completed_input_takes_anything_where_nothing_is_declared() -> None:
    action = Action.parse({"tag": "a", "method": "GET", "resource": "/"})

    assert complete_action_input(action, {"query": {"q": 1}}, place="i") == ({"query": {"q": 1}}, [])


def test_completed_input_takes_no_param_that_the_resource_has_no_place_for() -> None:
    action = Action.parse({"tag": "a", "method": "GET", "resource": "/:id?q={term}"})

    _, problems = complete_action_input(action, {"params": {"id": 1, "term": 2, "trem": 3, "page": 4}}, place="i")

    assert problems == [
        Problem(
            f"i/params/{name}",
            f'the resource does not name "{name}", so it would not be sent',
            f'write {{{name}}} where it goes in "resource", or give it in query',
        )
        for name in ("trem", "page")
    ]


def test_completed_input_gives_a_missing_section_its_defaults() -> None:
    action = _action(body={"currency": {"type": "string", "defaultValue": "EUR"}})

    assert complete_action_input(action, {}, place="i") == ({"body": {"currency": "EUR"}}, [])


@pytest.mark.parametrize(
    ("sections", "problems"),
    [
        ({"body": {"amount": 1}}, []),
        ({"body": {}}, [Problem("i/body/amount", '"amount" is required')]),
        ({}, [Problem("i/body/amount", '"amount" is required')]),
    ],
)
def test_completed_body_is_held_against_its_schema(sections: dict[str, Json], problems: list[Problem]) -> None:
    action = _action(body={"type": "object", "required": ["amount"]})

    assert complete_action_input(action, sections, place="i")[1] == problems


def test_completed_body_with_fields_must_be_an_object() -> None:
    assert Problem("i/body", "should be an object") in complete_action_input(_action(), {"body": "x"}, place="i")[1]


def test_header_names_may_be_written_in_any_case() -> None:
    action = _action(headers={"X-Trace": "string"}, body=[])

    completed, problems = complete_action_input(action, {"headers": {"x-trace": "t"}}, place="i")

    assert (completed["headers"], problems) == ({"X-Trace": "t"}, [])


def test_what_an_auth_supplies_is_not_missing() -> None:
    action = {**_PAY, "headers": {"Authorization": "string", "X-Key": "string"}, "body": []}
    auths = [
        {"tag": "basic", "setup_type": "basic"},
        {"tag": "key", "setup_type": "token_access", "tokens": {"headers": {"X-Key": "string"}}},
    ]
    app = App.parse({"app_name": "A", "tag": "a", "actions": [action], "auths": auths})

    _, without = complete_action_input(app.actions[0], {}, place="i")
    _, supplied = complete_action_input(app.actions[0], {}, place="i", supplied=supplied_by_auths(app))

    assert [problem.place for problem in without] == ["i/headers/Authorization", "i/headers/X-Key"]
    assert supplied == []


def test_token_of_a_credential_auth_is_supplied_by_nobody() -> None:
    auth = {"tag": "user", "setup_type": "credential_access", "action_tag": "pay"}
    app = App.parse({"app_name": "A", "tag": "a", "actions": [_PAY], "auths": [auth]})

    assert not any(supplied_by_auths(app).values())


def test_api_key_is_supplied_where_it_is_placed() -> None:
    auth = {"tag": "key", "setup_type": "api_key", "placement": "query", "key_name": "k"}
    app = App.parse({"app_name": "A", "tag": "a", "auths": [auth]})

    assert supplied_by_auths(app) == {"params": set(), "query": {"k"}, "headers": set(), "body": set()}


def test_placeholder_without_value_or_default_is_missing() -> None:
    action = _action(resource="/:a/:b/:c", params={"b": {"type": "string", "defaultValue": "x"}})

    assert missing_placeholders(action, {"a"}) == ["c"]
