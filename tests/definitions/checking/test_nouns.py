from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from integrations.definitions.app import App
from integrations.definitions.cache import Cache
from integrations.definitions.checking import (
    check_app,
    check_cache,
    check_database,
    check_function,
    check_job,
    check_notification,
)
from integrations.definitions.contents import Contents
from integrations.definitions.database import Database
from integrations.definitions.feature import Feature
from integrations.definitions.function import Function
from integrations.definitions.job import Job
from integrations.definitions.notification import Notification
from integrations.types import JsonObject
from tests.definitions.checking.integration import APP, EVENT, contents, feature, lines

_WHOLE = "should be a whole number of 64 bits"
_ACTION: JsonObject = {"tag": "a", "method": "GET", "resource": "/a/:id"}
_CRON: JsonObject = {"cron": "0 8 * * *"}


def test_app_that_fits_together_has_no_problems() -> None:
    assert check_app(App.parse(APP)) == []


def test_app_has_every_field_schema_and_resource_checked() -> None:
    bad: Any = {"a": {"type": "number", "defaultValue": "x"}}
    app = App.parse(
        {
            "app_name": "A",
            "tag": "a",
            "variables": bad,
            "actions": [
                {**_ACTION, "params": {"di": "string"}, "query": bad, "headers": bad, "body": bad},
                {**_ACTION, "tag": "b", "body": {"type": "nothing"}, "responses": [{"status_code": 200, "body": bad}]},
            ],
            "auths": [{"tag": "t", "setup_type": "token_access", "tokens": {"headers": bad}}],
        }
    )

    assert [problem.place for problem in check_app(app)] == [
        "apps/a/variables[0]/defaultValue",
        "apps/a/actions[0]/query[0]/defaultValue",
        "apps/a/actions[0]/headers[0]/defaultValue",
        "apps/a/actions[0]/body[0]/defaultValue",
        "apps/a/actions[0]/resource",
        "apps/a/actions[1]/body/type",
        "apps/a/actions[1]/responses[0]/body[0]/defaultValue",
        "apps/a/auths[0]/tokens/headers[0]/defaultValue",
    ]


def test_placeholder_that_is_no_field_of_declared_params_is_a_problem() -> None:
    app = App.parse({"app_name": "A", "tag": "a", "actions": [{**_ACTION, "params": {"idd": "string"}}]})

    assert lines(check_app(app)) == [
        ("apps/a/actions[0]/resource", '"id" is no field of params', 'did you mean "idd"?')
    ]


@pytest.mark.parametrize(
    ("resource", "params", "places"),
    [
        ("/s?q={term}&x=1", {"term": "string"}, []),
        ("/:id?q={term}", {"term": "string", "id": "string"}, []),
        ("/:id?q={term}", {"id": "string"}, ["resource"]),
        ("/s", {"term": "string"}, ["params/term"]),
        ("/s?q=:term", {"term": "string"}, ["params/term"]),
        ("/a/v:id", {"id": "string"}, ["params/id"]),
        ("/s?x=1#{term}", {"term": "string"}, ["resource", "params/term"]),
        ("/s?x=1", {"term": {"type": "string", "required": False}}, ["params/term"]),
        ("/s?q={{term}}", {"term": "string"}, ["resource"]),
        ("/s?q=$Input{term}", {"term": "string"}, ["resource"]),
        ("/orders/<id>", {"id": "string"}, ["resource", "params/id"]),
        ("/a/{b/c}", {}, ["resource"]),
    ],
)
def test_resource_and_its_params_are_filled_or_refused(resource: str, params: JsonObject, places: list[str]) -> None:
    app = App.parse({"app_name": "A", "tag": "a", "actions": [{**_ACTION, "resource": resource, "params": params}]})

    assert [place for place, _, _ in lines(check_app(app))] == [f"apps/a/actions[0]/{place}" for place in places]


def test_headers_that_cannot_be_set_are_problems() -> None:
    headers: JsonObject = {"X-Forwarded-For": "string", "X-Own": "string"}
    app = App.parse(
        {
            "app_name": "A",
            "tag": "a",
            "actions": [{**_ACTION, "headers": headers}],
            "auths": [
                {"tag": "t", "setup_type": "token_access", "tokens": {"headers": {"Forwarded": "string"}}},
                {"tag": "k", "setup_type": "api_key", "key_name": "Host"},
                {"tag": "q", "setup_type": "api_key", "key_name": "host", "placement": "query"},
            ],
        }
    )

    assert [place for place, _, _ in lines(check_app(app))] == [
        "apps/a/actions[0]/headers/X-Forwarded-For",
        "apps/a/auths[0]/tokens/headers/Forwarded",
        "apps/a/auths[1]/key_name",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example.com/{tenant}",
        "https://a.example.com/v1/:tenant/x",
        "https://a.example.com/?key={key}",
        "https://a.example.com/$Variable{a}{b}",
    ],
)
def test_address_with_placeholders_is_a_problem(url: str) -> None:
    auth = {"tag": "o", "setup_type": "oauth2_client_credentials", "token_url": url}
    app = App.parse({"app_name": "A", "tag": "a", "envs": [{"slug": "live", "base_url": url}], "auths": [auth]})

    hint = "give each address an environment of its own, or name params in the resources"
    assert lines(check_app(app)) == [
        ("apps/a/envs[0]/base_url", "placeholders are not filled here", hint),
        ("apps/a/auths[0]/token_url", "placeholders are not filled here", hint),
    ]


def test_auth_that_names_no_action_of_the_app_is_a_problem() -> None:
    login: JsonObject = {"tag": "login", "setup_type": "credential_access", "action_tag": "logni"}
    without: JsonObject = {"app_name": "A", "tag": "a", "auths": [login]}
    others: JsonObject = {**without, "actions": [{**_ACTION, "tag": "login"}]}

    place, message = "apps/a/auths[0]/action_tag", 'unknown action "logni"'
    assert lines(check_app(App.parse(without))) == [(place, message, "the app has no actions yet")]
    assert lines(check_app(App.parse(others))) == [(place, message, 'did you mean "login"?')]


def test_function_has_its_input_and_output_checked() -> None:
    described: JsonObject = {
        "tag": "f",
        "language": "js",
        "function": "x",
        "input": {"a": {"type": "number", "sampleValue": "1"}},
        "output": {"type": "object", "output_keys": {"b": {"type": "number", "enum": [True]}}},
    }

    assert lines(check_function(Function.parse(described))) == [
        ("functions/f/input[0]/sampleValue", _WHOLE, ""),
        ("functions/f/output/output_keys[0]/enum[0]", _WHOLE, ""),
    ]


@pytest.mark.parametrize(
    ("job", "problems"),
    [
        ({}, []),
        ({"timeout": 0}, [("timeout", "should be more than 0", "leave it out for no limit")]),
        ({"timeout": 0.5}, []),
        ({"env": "old"}, [("env", 'environment "old" is inactive', "activate it, or name another")]),
        ({"env": "dve"}, [("env", 'unknown environment "dve"', 'did you mean "dev"?')]),
        ({"schedule": _CRON, "env": "dev"}, [("target/event", 'unknown feature "nightly"', 'there are: "inner"')]),
        ({"target": {"event": "inner"}}, []),
        ({"target": {"event": "iner"}}, [("target/event", 'unknown feature "iner"', 'did you mean "inner"?')]),
        ({"target": {"event": "inner"}, "schedule": _CRON, "input": {"a": "x"}}, [
            ("env", '"env" is required for a job with a schedule', ""),
        ]),
        ({"target": {"event": "inner"}, "schedule": {**_CRON, "tz": "Europe/Berln"}, "env": "dev"}, [
            ("schedule/tz", 'unknown time zone "Europe/Berln"', 'did you mean "Europe/Berlin"?'),
            ("input/a", '"a" is required', ""),
        ]),
        ({"target": {"event": "inner"}, "input": {"a": 1, "b": 2}}, [
            ("input/b", 'unknown field "b"', 'there are: "a"'),
            ("input/a", "should be text", ""),
        ]),
        ({"target": {"type": "action", "app": "shop", "event": "order"}, "input": {"id": "1", "amount": 0}}, [
            ("input/body/amount", "should be 1 or more", ""),
        ]),
        ({"target": {"type": "action", "app": "shop", "event": "ordr"}}, [
            ("target/event", 'unknown action "ordr"', 'did you mean "order"?'),
        ]),
        ({"target": {"type": "action", "event": "order"}, "schedule": _CRON, "env": "dev"}, [
            ("target/app", '"app" is required for an action', "name the access tag of its app"),
        ]),
        ({"target": {"type": "database_action", "event": "order"}}, [
            ("target/database", '"database" is required for a database action', "name the tag of its database"),
        ]),
        ({"target": {"type": "function", "event": "any"}, "input": {"whatever": 1}}, []),
    ],
)  # fmt: skip
def test_job_names_a_target_that_takes_its_input(job: JsonObject, problems: list[tuple[str, str, str]]) -> None:
    found = lines(check_job(Job.parse({"tag": "nightly", **job}), contents()))

    assert found == [(f"jobs/nightly/{place}", message, hint) for place, message, hint in problems]


def test_job_with_nothing_but_a_tag_is_fine_in_an_empty_integration() -> None:
    assert check_job(Job.parse({"tag": "JobTag"}), Contents(tag="demo")) == []


def _cache(**changes: Any) -> Cache:
    return contents().caches["hourly"].changed(changes)


def test_cache_may_be_saved_before_the_feature_that_uses_it() -> None:
    assert check_cache(_cache(), Contents(tag="demo")) == []


def test_cache_that_an_event_uses_must_go_on_naming_that_event() -> None:
    users = {"checkout": feature({**EVENT, "cache": "hourly"})}

    assert check_cache(_cache(), contents(features=users)) == []
    assert lines(check_cache(_cache(event_tag="other"), contents(features=users))) == [
        (
            "caches/hourly/event_tag",
            'is event "other" of sequence "main", but features/checkout/sequence[0]/events[0] uses this cache',
            "make another cache for that event",
        )
    ]


def test_notification_refers_to_the_input_of_its_own_message() -> None:
    notification = Notification.parse(
        {
            "tag": "n",
            "envs": [{"slug": "dev"}, {"slug": "dve"}, {"slug": "dev"}],
            "messages": [
                {
                    "tag": "m",
                    "channel": "email",
                    "subject": "Dear $Input{name}",
                    "body": {"text": "$Input{nme}", "key": "$Secret{pepper}", "no": "$Sequence{a}{b}", "bad": "$Nope"},
                    "input": {"name": {"type": "string", "defaultValue": 1}},
                },
                {"tag": "m", "channel": "sms"},
            ],
        }
    )

    assert [(place, message) for place, message, _ in lines(check_notification(notification, contents()))] == [
        ("notifications/n/envs[2]", 'the environment "dev" appears twice'),
        ("notifications/n/envs[1]/slug", 'unknown environment "dve"'),
        ("notifications/n/messages[1]", 'the message "m" appears twice'),
        ("notifications/n/messages[0]/input[0]/defaultValue", "should be text"),
        ("notifications/n/messages[0]/body/bad", 'column 1: unknown name "$Nope"'),
        ("notifications/n/messages[0]/body/text", 'unknown input field "nme"'),
        ("notifications/n/messages[0]/body/no", 'unknown sequence "a"'),
    ]


def test_database_action_refers_to_its_own_input() -> None:
    action: JsonObject = {
        "tag": "a",
        "operation": "insert",
        "table": "t",
        "template": {"id": "$Input{id}", "no": "$Input{di}"},
        "input": {"id": "number"},
    }
    database = Database.parse(
        {"tag": "d", "envs": [{"slug": "prd", "connection_url": "postgresql://h/d"}], "actions": [action, action]}
    )

    assert lines(check_database(database, contents())) == [
        ("databases/d/envs[0]/slug", 'unknown environment "prd"', 'there are: "dev", "old"'),
        ("databases/d/actions[1]", 'the action "a" appears twice', ""),
        ("databases/d/actions[0]/template/no", 'unknown input field "di"', 'there are: "id"'),
        ("databases/d/actions[1]/template/no", 'unknown input field "di"', 'there are: "id"'),
    ]


def test_jobs_that_start_each_other_in_a_loop_are_a_problem() -> None:
    other = Job.parse({"tag": "other", "target": {"type": "job", "event": "nightly"}})
    among = dataclasses.replace(contents(), jobs={"other": other})

    problems = check_job(Job.parse({"tag": "nightly", "target": {"type": "job", "event": "other"}}), among)

    loop = ("jobs/nightly/target/event", "would start each other in a loop: job nightly → job other → job nightly")
    assert loop in [(problem.place, problem.message) for problem in problems]


@pytest.mark.parametrize("job", [{"tag": "again"}, {"tag": "other", "target": {"type": "feature", "event": "again"}}])
def test_job_of_a_feature_that_starts_the_job_is_a_problem(job: JsonObject) -> None:
    event = {"type": "job", "event": job["tag"]}
    again = Feature.parse({"tag": "again", "sequence": [{"sequence_tag": "s", "events": [event]}]})
    among = dataclasses.replace(contents(), features={"again": again})

    [problem] = check_job(Job.parse(job), among)

    assert problem.place == f"jobs/{job['tag']}/target/event"
    assert problem.message == f"would start each other in a loop: job {job['tag']} → feature again → job {job['tag']}"
