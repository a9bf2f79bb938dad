from __future__ import annotations

from typing import Any

import pytest

from integrations import models
from integrations.admin.jobs.samples import fields_of_schema, sample_of
from integrations.admin.jobs.target_input import Takes, takes
from integrations.definitions.field import Field
from integrations.definitions.job import JobTarget
from integrations.definitions.values import check_schema, check_values
from integrations.types import Json, JsonObject
from tests.scenes.scene import SHOP, bound, make_app, make_integration, put

SCHEMA: JsonObject = {
    "type": "object",
    "required": ["amount", "lines", "kind"],
    "properties": {
        "amount": {"type": ["null", "integer"], "description": "In cents."},
        "lines": {"type": "array", "items": {"type": "object", "required": ["sku"], "properties": {"sku": {}}}},
        "kind": {"const": "order"},
        "note": {"type": "string", "examples": ["by hand"]},
        "more": True,
    },
}
ACTIONS: list[Any] = [
    {"tag": "get_order", "method": "GET", "resource": "/orders/:id", "query": {"full": "boolean"}},
    {"tag": "pay", "method": "POST", "resource": "/pay", "headers": {"X-Api-Key": "string"}, "body": SCHEMA},
]


@pytest.fixture
def home(db: None) -> models.Integration:
    make_app({**SHOP, "actions": [*ACTIONS, *SHOP["actions"][1:]]})  # type: ignore[index,misc]  # a list
    integration = make_integration()
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    put(integration, "connected_apps", access_tag="shop", envs=[bound("dev")])
    return integration


def taken(home: models.Integration, **target: Any) -> Takes:
    found = takes(home, JobTarget(**target))
    assert found is not None
    return found


def paths(found: Takes) -> dict[str, list[str]]:
    return {section.name: [row.path for row in section.rows] for section in found.sections}


def test_action_takes_its_sections_with_the_names_in_its_path(home: models.Integration) -> None:
    found = taken(home, type="action", event="get_order", app="shop")

    assert paths(found) == {"params": ["id"], "query": ["full"]}
    assert found.note == "GET /orders/:id"
    assert found.sample == {"params": {"id": "text"}, "query": {"full": False}}


def test_action_takes_what_its_schema_says_and_what_an_auth_fills_in_is_not_required(home: models.Integration) -> None:
    found = taken(home, type="action", event="pay", app="shop")

    assert paths(found) == {
        "headers": ["X-Api-Key"],
        "body": ["amount", "lines", "lines[]/sku", "kind", "note"],
    }
    (header,) = found.sections[0].rows
    assert (header.is_required, header.otherwise) == (False, "from the app's auth")
    assert "headers" not in found.sample
    assert check_schema(SCHEMA, found.sample["body"], place="body") == []


def test_function_and_feature_take_their_fields(home: models.Integration) -> None:
    put(home, "functions", tag="double", language="js", function="(i) => i", input={"n": "number"})
    put(home, "features", tag="any", language="js", function="(i) => i")

    double, any_ = taken(home, type="function", event="double"), taken(home, event="any")

    assert (double.what, paths(double), double.sample) == ("function double", {"": ["n"]}, {"n": 0})
    assert (any_.note, any_.sections, any_.sample_text) == (
        "It declares no input, so it takes any JSON object.",
        [],
        "",
    )


def test_job_takes_what_it_runs_takes_and_its_own_input_is_the_sample(home: models.Integration) -> None:
    put(home, "functions", tag="double", language="js", function="(i) => i", input={"n": "number"})
    put(home, "jobs", tag="inner", target={"type": "function", "event": "double"}, input={"n": 7})
    put(home, "jobs", tag="outer", target={"type": "job", "event": "inner"})

    found = taken(home, type="job", event="outer")

    assert (paths(found), found.sample) == ({"": ["n"]}, {"n": 7})
    assert "an input of its own" in found.note


def test_jobs_that_start_each_other_come_to_an_end(home: models.Integration) -> None:
    put(home, "jobs", tag="one")
    put(home, "jobs", tag="two", target={"type": "job", "event": "one"})
    models.Job.objects.filter(tag="one").update(target={"type": "job", "event": "two"})

    assert taken(home, type="job", event="one").sections == ()


@pytest.mark.parametrize(
    "target",
    [
        {"event": "nix"},
        {"type": "function", "event": "nix"},
        {"type": "job", "event": "nix"},
        {"type": "action", "event": "nix", "app": "shop"},
        {"type": "action", "event": "login", "app": "nix"},
        {"type": "action", "event": "login"},
        {"type": "notification", "event": "mail:nix"},
        {"type": "database_action", "event": "nix", "database": "nix"},
    ],
)
def test_what_is_not_there_takes_nothing(home: models.Integration, target: dict[str, str]) -> None:
    assert takes(home, JobTarget(**target)) is None  # type: ignore[arg-type]  # each is one


def test_notification_and_database_action_take_their_fields(home: models.Integration) -> None:
    message = {"tag": "late", "channel": "email", "body": "x", "input": {"to": "string"}}
    statement = {"tag": "one", "operation": "query", "sql": "select :id", "input": {"id": "uuid"}}
    put(home, "notifications", tag="mail", messages=[message])
    put(home, "databases", tag="books", actions=[statement])

    assert paths(taken(home, type="notification", event="mail:late")) == {"": ["to"]}
    assert paths(taken(home, type="database_action", event="one", database="books")) == {"": ["id"]}


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({"type": "string", "sampleValue": "lamp", "required": False}, "lamp"),
        ({"type": "string", "sampleValue": ""}, ""),
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 6}, "textte"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "string", "format": "email"}, "ada@example.com"),
        ({"type": "string", "enum": ["a", "b"]}, "a"),
        ({"type": "numberstring"}, "0"),
        ({"type": "number", "minimum": 3}, 3),
        ({"type": "float", "maximum": -1.5}, -1.5),
        ({"type": "boolean"}, False),
        ({"type": "array"}, []),
        ({"type": "array", "items": {"type": "number"}, "minLength": 2}, [0, 0]),
        ({"type": "array", "fields": {"n": "number"}}, [{"n": 0}]),
        ({"type": "object", "fields": {"a": "string", "b": {"type": "string", "required": False}}}, {"a": "text"}),
        *(({"type": "string", "format": name}, None) for name in ("date", "date-time", "time", "uri", "hostname")),
        *(({"type": "string", "format": name}, None) for name in ("ipv4", "ipv6", "uuid")),
        ({"type": "uuid"}, None),
    ],
)
def test_sample_is_what_the_field_takes(shape: JsonObject, expected: Json) -> None:
    fields = [Field.parse({"key": "a", **shape})]

    sample = sample_of(fields)

    assert check_values(fields, sample, place="input")[1] == []
    assert expected is None or sample["a"] == expected


@pytest.mark.parametrize("shape", [{"type": "string", "required": False}, {"type": "number", "defaultValue": 5}])
def test_sample_leaves_out_what_need_not_be_given(shape: JsonObject) -> None:
    assert sample_of([Field.parse({"key": "a", **shape})]) == {}


@pytest.mark.parametrize(
    "schema",
    [{}, {"properties": 5}, {"properties": {"": {}}}, {"properties": {"a": True}}, {"required": {}, "properties": {}}],
)
def test_schema_without_properties_has_no_fields(schema: JsonObject) -> None:
    assert fields_of_schema(schema) == []
