from __future__ import annotations

from typing import Any

import pydantic
import pytest

from integrations.definitions.app import App
from integrations.definitions.base import Definition, nearest
from integrations.definitions.cache import Cache
from integrations.definitions.connected_app import ConnectedApp, app_tag_candidates
from integrations.definitions.database import Database
from integrations.definitions.environment import Environment
from integrations.definitions.feature import Feature
from integrations.definitions.function import Function
from integrations.definitions.integration import Integration
from integrations.definitions.job import Job
from integrations.definitions.retry import RetryPolicy
from integrations.errors import DefinitionError, Problem

_TAG_HINT = "a letter, then up to 63 of letters, digits and _ . : -"
_SLUG_HINT = "2 to 16 lower-case letters and digits, a letter first"
_CACHE: dict[str, Any] = {"tag": "c", "sequence_tag": "s", "event_tag": "e", "expiry": 1, "period": "days"}
_EVENT: dict[str, Any] = {"type": "wait", "event": "w"}


def _feature(**changes: Any) -> dict[str, Any]:
    return {"tag": "f", "sequence": [{"sequence_tag": "s", "events": [_EVENT]}], **changes}


def _event(**changes: Any) -> dict[str, Any]:
    return _feature(sequence=[{"sequence_tag": "s", "events": [{**_EVENT, **changes}]}])


def _app(**changes: Any) -> dict[str, Any]:
    return {"app_name": "Orders", "tag": "orders", **changes}


_ACTION: dict[str, Any] = {"tag": "a", "method": "get", "resource": "/"}

REFUSED: list[tuple[type[Definition], Any, Problem]] = [
    (Cache, "text", Problem("x", "should be an object")),
    (Cache, {**_CACHE, "tag": "1c"}, Problem("x/tag", '"1c" is not a tag', _TAG_HINT)),
    (Cache, {**_CACHE, "tag": "a" * 65}, Problem("x/tag", f'"{"a" * 65}" is not a tag', _TAG_HINT)),
    (Cache, {**_CACHE, "expiry": 0}, Problem("x/expiry", "should be more than 0")),
    (Cache, {**_CACHE, "expiry": True}, Problem("x/expiry", "should be a whole number")),
    (Cache, {**_CACHE, "expiry": "1"}, Problem("x/expiry", "should be a whole number")),
    (
        Cache,
        {**_CACHE, "period": "day"},
        Problem(
            "x/period",
            "should be 'secs', 'mins', 'hours', 'days', 'weeks', 'months' or 'years'",
            'did you mean "days"?',
        ),
    ),
    (Cache, {**_CACHE, "perod": "days"}, Problem("x/perod", 'unknown field "perod"', 'did you mean "period"?')),
    (
        Cache,
        {"tag": "c", **{k: v for k, v in _CACHE.items() if k != "expiry"}},
        Problem("x/expiry", '"expiry" is required'),
    ),
    (
        Environment,
        {"env_name": "D", "slug": "dev", "auth": {}},
        Problem("x/env_name", "should have at least 2 characters"),
    ),
    (
        Environment,
        {"env_name": "Dev", "slug": "Dev", "auth": {}},
        Problem("x/slug", '"Dev" is not the slug of an environment', _SLUG_HINT),
    ),
    (Environment, {"env_name": "Dev", "slug": "dev"}, Problem("x/auth", '"auth" is required')),
    (Integration, {"name": "  ", "description": ""}, Problem("x/name", "should have at least 1 character")),
    (Feature, _feature(sequence=[]), Problem("x", "give either language and function, or sequence and output")),
    (
        Feature,
        _feature(sequence=[{"sequence_tag": "s", "events": []}]),
        Problem("x/sequence[0]/events", "should have at least 1 item"),
    ),
    (Feature, _feature(sequence={}), Problem("x/sequence", "should be a list")),
    (
        Feature,
        _feature(function="x", language="js"),
        Problem("x", "give either language and function, or sequence and output"),
    ),
    (Feature, {"tag": "f", "function": "x"}, Problem("x", "language is required beside function")),
    (Feature, _feature(language="js"), Problem("x", "language goes with function, not with sequence")),
    (
        Feature,
        {"tag": "f", "language": "js", "function": "x", "output": {"type": "text"}},
        Problem(
            "x/output/type",
            "should be 'string', 'numberstring', 'number', 'float', 'double', 'uuid', 'array', 'object' or 'boolean'",
        ),
    ),
    (
        Feature,
        {"tag": "f", "language": "js", "function": "x", "output": "$Input{a}"},
        Problem("x/output", "should be an object"),
    ),
    (
        Feature,
        {"tag": "f", "language": "cobol", "function": "x"},
        Problem("x/language", "'cobol' is not a language; use js, ts or python"),
    ),
    (
        Feature,
        _event(type="action"),
        Problem("x/sequence[0]/events[0]", "app is required: the access tag of a connected app"),
    ),
    (
        Feature,
        _event(type="database_action"),
        Problem("x/sequence[0]/events[0]", "database is required: the tag of a database"),
    ),
    (
        Feature,
        _event(input=[1]),
        Problem("x/sequence[0]/events[0]/input", "should be an object"),
    ),
    (
        Feature,
        _event(condition={"type": "for_each"}),
        Problem("x/sequence[0]/events[0]/condition", "subject is required for for_each"),
    ),
    (
        Feature,
        _event(condition={"subject": 1, "parallel": 0}),
        Problem("x/sequence[0]/events[0]/condition/parallel", "should be 1 or more"),
    ),
    (Feature, _event(retries=-1), Problem("x/sequence[0]/events[0]/retries", "should be 0 or more")),
    (Feature, _event(retries=101), Problem("x/sequence[0]/events[0]/retries", "should be 100 or less")),
    (
        Feature,
        _feature(input=[{"type": "string", "minLength": 2, "maxLength": 1}]),
        Problem("x/input[0]", "minLength is greater than maxLength"),
    ),
    (
        Feature,
        _feature(input=[{"type": "number", "minimum": 2, "maximum": 1}]),
        Problem("x/input[0]", "minimum is greater than maximum"),
    ),
    (
        Feature,
        _feature(input=[{"type": "number", "minimum": True}]),
        Problem("x/input[0]/minimum", "should be a number"),
    ),
    (
        Feature,
        _feature(input=[{"type": "string", "minimum": 1}]),
        Problem("x/input[0]", "minimum and maximum are for numbers, the type is string"),
    ),
    (
        Feature,
        _feature(input=[{"type": "number", "pattern": "a"}]),
        Problem("x/input[0]", "pattern, format and decorator are for texts"),
    ),
    (
        Feature,
        _feature(input=[{"type": "string", "pattern": "(a"}]),
        Problem("x/input[0]/pattern", "is not an RE2 pattern: missing ): (a"),
    ),
    (Feature, _feature(input=[{"key": "a", "type": "string"}] * 2), Problem("x/input", 'the key "a" appears twice')),
    (
        Feature,
        _feature(deduplicate={"key": None, "window": 1}),
        Problem("x/deduplicate/key", "should not be null"),
    ),
    (
        RetryPolicy,
        {"policy": {"42": {"available": 1}}},
        Problem("x/policy/42", '"42" is not a status code', "write one as in 429, or a class of them as in 5xx"),
    ),
    (
        App,
        _app(envs=[{"slug": "prd", "base_url": "ftp://x"}]),
        Problem("x/envs[0]/base_url", "should be an http or https URL such as https://api.example.com"),
    ),
    (
        App,
        _app(envs=[{"slug": "prd", "base_url": "https://me:secret@example.com"}]),
        Problem("x/envs[0]/base_url", "holds a user or password; use an auth instead"),
    ),
    (App, _app(actions=[_ACTION, _ACTION]), Problem("x", 'actions: "a" appears twice')),
    (
        App,
        _app(envs=[{"slug": "prd", "base_url": "https://$Secret{host}.example.com"}]),
        Problem("x/envs[0]/base_url", "has no proper host; references and placeholders are not read here"),
    ),
    *(
        (
            App,
            _app(envs=[{"slug": "prd", "base_url": "https://example.com", "allowed_hosts": [host]}]),
            Problem(
                "x/envs[0]/allowed_hosts[0]",
                "should be a host such as uploads.example.com, or *.example.com for all below, with :8443 behind it for"
                " an odd port",
            ),
        )
        for host in ("https://example.com", "example.com/x", "example.com:", "a.example:0", "a.example:65536", "*", "")
    ),
    *(
        (
            App,
            _app(actions=[{**_ACTION, "resource": resource}]),
            Problem("x/actions[0]/resource", "should be a path below the base URL, such as /v1/orders/:id"),
        )
        for resource in ("https://elsewhere.example.com/a", "//elsewhere.example.com/a")
    ),
    (
        App,
        _app(auths=[{"tag": "login", "setup_type": "basics"}]),
        Problem(
            "x/auths[0]/setup_type",
            "should be 'token_access', 'credential_access', 'basic', 'api_key', 'oauth2_client_credentials' or"
            " 'oauth2_refresh_token'",
            'did you mean "basic"?',
        ),
    ),
    (
        Feature,
        _feature(language="js", function="() => 1", output={"a": 1}),
        Problem("x", "give either language and function, or sequence and output"),
    ),
    (
        App,
        _app(auths=[{"tag": "login", "setup_type": "credential_access"}]),
        Problem("x/auths[0]", "action_tag is required: the action that returns a token"),
    ),
    (
        App,
        _app(auths=[{"tag": "o", "setup_type": "oauth2_refresh_token"}]),
        Problem("x/auths[0]", "token_url is required for oauth2_refresh_token"),
    ),
    (
        App,
        _app(actions=[{**_ACTION, "body": [{"key": "a", "type": "int"}]}]),
        Problem(
            "x/actions[0]/body[0]/type",
            "should be 'string', 'numberstring', 'number', 'float', 'double', 'uuid', 'array', 'object' or 'boolean'",
        ),
    ),
    (
        ConnectedApp,
        {"access_tag": "a", "envs": [{"app_env_slug": "p", "integration_env_slug": "dev"}] * 2},
        Problem("x", 'envs: "dev" is bound twice'),
    ),
    (
        Database,
        {"tag": "d", "actions": [{"tag": "a", "operation": "query"}]},
        Problem("x/actions[0]", "give either sql, or table and template"),
    ),
    (
        Job,
        {"tag": "j", "schedule": {}},
        Problem("x/schedule", "give cron, every or start_at", 'such as {"cron": "0 6 * * *", "tz": "UTC"}'),
    ),
    (
        Job,
        {"tag": "j", "schedule": {"cron": "* * * * *", "every": 5}},
        Problem("x/schedule", "give either cron or every, not both", "leave one of them out"),
    ),
    (
        Job,
        {"tag": "j", "schedule": {"start_at": "tomorrow"}},
        Problem("x/schedule/start_at", "is not an ISO 8601 date and time", "such as 2030-01-31T09:30+01:00"),
    ),
    (
        Job,
        {"tag": "j", "schedule": {"start_at": "2026-01-02", "end_at": "2026-01-01"}},
        Problem("x/schedule", "end_at is not after start_at", "name a later end_at, or leave it out"),
    ),
    (Function, {"tag": "f", "language": "js", "function": 1}, Problem("x/function", "should be text")),
    (Function, {"tag": "f", "language": 1, "function": "x"}, Problem("x/language", "should be 'js', 'ts' or 'python'")),
    (
        Feature,
        _event(fallback={**_EVENT, "alow_fail": True}),
        Problem(
            "x/sequence[0]/events[0]/fallback/alow_fail", 'unknown field "alow_fail"', 'did you mean "allow_fail"?'
        ),
    ),
    (
        App,
        _app(
            actions=[{**_ACTION, "body": {"type": "object"}, "params": [{"key": "a", "type": "string", "patern": "x"}]}]
        ),
        Problem("x/actions[0]/params[0]/patern", 'unknown field "patern"', 'did you mean "pattern"?'),
    ),
    (
        Environment,
        {
            "env_name": "Dev",
            "slug": "dev",
            "auth": {},
            "envs": [{"access_tag": "a", "app_env_slug": "b", "auth": {"date": 1}}],
        },
        Problem("x/envs[0]/auth/date", 'unknown field "date"', 'did you mean "data"?'),
    ),
    (Feature, _feature(input=1), Problem("x/input", "should be a list")),
    (Feature, _feature(input=[1]), Problem("x/input[0]", "should be an object")),
    (
        App,
        _app(envs=[{"slug": "p", "base_url": "https://a.b", "request_type": 1}]),
        Problem("x/envs[0]/request_type", "should be 'json', 'form', 'multipart', 'text' or 'xml'"),
    ),
]


@pytest.mark.parametrize(("kind", "value", "problem"), REFUSED)
def test_parse_of_a_broken_definition_says_what_is_wrong_where(
    kind: type[Definition], value: object, problem: Problem
) -> None:
    with pytest.raises(DefinitionError) as caught:
        kind.parse(value, place="x")

    assert caught.value.problems == (problem,)


def test_parse_reports_all_problems_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        Cache.parse({"tag": "1", "sequence_tag": "s", "expiry": 0, "period": "days", "more": 1}, place="caches/1")

    assert sorted(problem.place for problem in caught.value.problems) == [
        "caches/1/event_tag",
        "caches/1/expiry",
        "caches/1/more",
        "caches/1/tag",
    ]


def test_parse_of_python_that_is_no_json_is_refused_at_its_place() -> None:
    with pytest.raises(DefinitionError) as caught:
        Cache.parse({**_CACHE, "name": object()}, place="caches/c")

    assert caught.value.problems == (Problem("caches/c/name", "object is not a JSON type"),)


def test_definition_cannot_be_changed_in_place() -> None:
    cache = Cache.parse(_CACHE)

    with pytest.raises(pydantic.ValidationError, match="frozen"):
        cache.expiry = 2  # type: ignore[misc]


def test_changed_returns_a_checked_copy() -> None:
    cache = Cache.parse(_CACHE)

    assert cache.changed({"expiry": 2}).expiry == 2
    assert cache.expiry == 1
    with pytest.raises(DefinitionError):
        cache.changed({"expiry": -1})


def test_compact_form_leaves_out_what_has_its_default() -> None:
    assert Cache.parse({**_CACHE, "name": ""}).to_compact_dict() == _CACHE


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("perod", ["tag", "period"], 'did you mean "period"?'),
        ("x", ["b", "a"], 'there are: "a", "b"'),
        ("x", [], ""),
        ("zz", [f"n{i:02}" for i in range(12)], "there are: " + ", ".join(f'"n{i:02}"' for i in range(10)) + ", …"),
        ("period" * 20, ["period"], 'there are: "period"'),
    ],
)
def test_nearest_suggests_one_name_or_lists_them(name: str, known: list[str], hint: str) -> None:
    assert nearest(name, known) == hint


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("Order Sync #2", "order_sync_2"),
        ("Größe", "groe"),
        ("2 much", "i_2_much"),
        ("漢字", "i"),
        ("x" * 100, "x" * 64),
    ],
)
def test_integration_without_a_tag_takes_a_slug_of_its_name(name: str, tag: str) -> None:
    assert Integration.parse({"name": name, "description": ""}).own_tag == tag


def test_access_tag_may_stand_for_the_app_tags_that_it_starts_with() -> None:
    assert app_tag_candidates("a:b:c") == ["a:b:c", "a:b", "a"]


def test_binding_is_found_by_its_environment() -> None:
    binding = {"app_env_slug": "p", "integration_env_slug": "dev"}
    connected = ConnectedApp.parse({"access_tag": "a", "envs": [binding]})

    assert connected.binding_for("dev") == connected.envs[0]
    assert connected.binding_for("prd") is None


def test_request_types_and_methods_are_normalized() -> None:
    environment = {"slug": "prd", "base_url": "https://a.example.com", "request_type": "application/JSON"}
    app = App.parse(_app(envs=[environment], actions=[{**_ACTION, "request_type": "URL-encoded"}]))

    assert (app.envs[0].request_type, app.actions[0].request_type, app.actions[0].method) == ("json", "form", "GET")
    assert app.envs[0].hosts == ("a.example.com",)


@pytest.mark.parametrize(
    ("method", "said", "idempotent"),
    [("GET", None, True), ("PUT", None, True), ("POST", None, False), ("POST", True, True), ("GET", False, False)],
)
def test_action_is_idempotent_by_its_method_unless_it_says(method: str, *, said: bool | None, idempotent: bool) -> None:
    app = App.parse(_app(actions=[{**_ACTION, "method": method, **({} if said is None else {"idempotent": said})}]))

    assert app.actions[0].is_idempotent is idempotent


def test_body_with_a_type_of_text_is_a_schema_and_a_field_called_type_is_not() -> None:
    schema = {"type": "object", "properties": {}}
    mapping = {"type": {"type": "string"}, "amount": {"type": "number"}}

    app = App.parse(_app(actions=[{**_ACTION, "body": schema}, {**_ACTION, "tag": "b", "body": mapping}]))

    assert (app.actions[0].body_schema, app.actions[0].body_fields) == (schema, ())
    assert [field.key for field in app.actions[1].body_fields] == ["type", "amount"]


def test_input_as_a_mapping_becomes_fields() -> None:
    feature = Feature.parse(
        _feature(input={"amount": {"type": "string", "minlength": 1, "maxlength": 9}, "note": "string"})
    )

    assert [(each.key, each.minLength, each.maxLength) for each in feature.input] == [("amount", 1, 9), ("note", 0, 0)]


def test_job_without_a_target_runs_the_feature_of_its_own_tag() -> None:
    assert (Job.parse({"tag": "nightly"}).own_target.type, Job.parse({"tag": "nightly"}).own_target.event) == (
        "feature",
        "nightly",
    )


@pytest.mark.parametrize(("status", "available"), [(429, 1), (503, 2), (404, 9), (302, None), (None, None)])
def test_retry_policy_prefers_a_status_over_its_class(status: int | None, available: int | None) -> None:
    policy = RetryPolicy.parse({"policy": {"429": {"available": 1}, "4xx": {"available": 9}, "5xx": {"available": 2}}})
    found = policy.for_status(status)

    assert (found.available if found else None) == available


@pytest.mark.parametrize(("parallel", "expected"), [(True, 10), (False, 1), (3, 3)])
def test_parallel_true_means_ten_at_once(*, parallel: bool | int, expected: int) -> None:
    condition = {"type": "for_each", "subject": "$Input{a}", "parallel": parallel}
    feature = Feature.parse(_event(condition=condition))

    assert feature.sequence[0].events[0].condition is not None
    assert feature.sequence[0].events[0].condition.parallel == expected


@pytest.mark.parametrize(
    "host", ["uploads.example.com", "*.example.org", "a.example:8443", "*.a.example:1", "10.0.0.1:80", "[::1]:9", "::1"]
)
def test_allowed_host_may_name_a_port(host: str) -> None:
    app = App.parse(_app(envs=[{"slug": "prd", "base_url": "https://example.com", "allowed_hosts": [host]}]))

    assert app.envs[0].hosts == ("example.com", host)
