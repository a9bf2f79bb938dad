"""Rows and definitions say the same: round trips, defaults, masked secrets, and the number of queries."""

from __future__ import annotations

from typing import Any, cast

import pytest
from django.apps import apps
from django.db import models as django_models
from pydantic.fields import FieldInfo
from pytest_django import DjangoAssertNumQueries

from integrations import models
from integrations.definitions.cache import Cache
from integrations.definitions.feature import Feature
from integrations.definitions.function import Function
from integrations.definitions.integration import Integration
from integrations.definitions.job import Job
from integrations.models.base import DefinitionModel
from integrations.types import JsonObject
from tests import factories
from tests.factories import EnvironmentFactory, FeatureFactory, FunctionFactory, IntegrationFactory

DEFINED = [model for model in apps.get_app_config("integrations").get_models() if issubclass(model, DefinitionModel)]

#: Columns in which "" stands for the definition's None.
EMPTY_FOR_NONE = {
    "AppAction.request_type",
    "AppAction.effect",
    "AppAuth.action_tag",
    "AppAuth.token_url",
    "Feature.language",
    "Feature.function",
}

FIELDS: list[Any] = [
    {"key": "amount", "type": "number", "minimum": 0},
    {"key": "note", "type": "string", "required": False},
]
GRAPH: list[Any] = [
    {
        "sequence_tag": "first",
        "events": [{"type": "function", "event": "sum", "input": {"z": "$Input{amount}", "a": 1}}],
    },
    {"sequence_tag": "second", "parents": ["first"], "events": [{"type": "action", "event": "pay", "app": "shop"}]},
]


def _column(model: type[DefinitionModel[Any]], name: str) -> django_models.Field[Any, Any]:
    return cast("django_models.Field[Any, Any]", model._meta.get_field(name))


def _columns_with_defaults() -> list[tuple[type[DefinitionModel[Any]], str]]:
    pairs = [(model, column) for model in DEFINED for column in model.COLUMNS]
    return [(model, column) for model, column in pairs if _column(model, column).has_default()]


@pytest.mark.parametrize(
    ("model", "column"), _columns_with_defaults(), ids=lambda each: each if isinstance(each, str) else each.__name__
)
def test_default_of_a_column_is_the_default_of_the_definition(model: type[DefinitionModel[Any]], column: str) -> None:
    stored = _column(model, column).get_default()
    expected = None if f"{model.__name__}.{column}" in EMPTY_FOR_NONE else stored

    assert _plain_default(model.DEFINITION.model_fields[column]) == expected


def _plain_default(field: FieldInfo) -> object:
    default = field.get_default(call_default_factory=True)
    if hasattr(default, "to_compact_dict"):
        return default.to_compact_dict()
    return list(default) if isinstance(default, tuple) else default


@pytest.mark.parametrize("model", DEFINED, ids=lambda model: str(model.__name__))
def test_columns_of_a_model_are_fields_of_its_definition(model: type[DefinitionModel[Any]]) -> None:
    assert set(model.COLUMNS) <= set(model.DEFINITION.model_fields)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "values"),
    [
        (models.Function, {"tag": "sum", "language": "ts", "function": "input.a"}),
        (
            models.Function,
            {"tag": "sum", "language": "js", "function": "1", "input": FIELDS, "output": {"type": "number"}},
        ),
        (models.Feature, {"tag": "pay", "language": "js", "function": "input", "output": {"type": "object"}}),
        (models.Feature, {"tag": "pay", "sequence": GRAPH, "input": FIELDS}),
        (
            models.Feature,
            {
                "tag": "pay",
                "sequence": GRAPH,
                "output": {"z": "$Sequence{first}{sum}", "a": 0},
                "store_event_results": False,
                "timeout": 1.5,
                "concurrency": 3,
                "rate_limit": {"limit": 2, "period": 1.0},
                "deduplicate": {"key": "$Input{amount}", "window": 60.0},
            },
        ),
        (models.Cache, {"tag": "c", "sequence_tag": "s", "event_tag": "e", "expiry": 1, "period": "years"}),
        (models.Job, {"tag": "nightly"}),
        (
            models.Job,
            {
                "tag": "nightly",
                "target": {"type": "function", "event": "sum"},
                "env": "prd",
                "input": {"b": 1, "a": False},
                "schedule": {"cron": "30 2 * * *", "tz": "Europe/Berlin", "end_at": "2027-01-01T00:00:00+00:00"},
                "retries": 3,
                "overlap": "allow",
                "missed": "run_all",
                "paused": True,
                "priority": -5,
                "timeout": 10.0,
            },
        ),
    ],
)
def test_apply_save_and_load_returns_the_same_definition(model: type[DefinitionModel[Any]], values: JsonObject) -> None:
    definition = model.DEFINITION.parse(values)
    row = cast("Any", model)(integration=EnvironmentFactory.create(slug="prd").integration)
    row.apply(definition)
    row.save()

    loaded = type(row).objects.with_definition().get(pk=row.pk)

    assert loaded.to_definition() == definition
    assert repr(loaded.to_definition().to_compact_dict()) == repr(definition.to_compact_dict())


@pytest.mark.django_db
def test_apply_a_definition_resets_what_it_leaves_out() -> None:
    function = FunctionFactory.create(name="Sum", input=FIELDS)

    function.apply(Function.parse({"tag": "sum", "language": "js", "function": "1"}))

    assert (function.name, function.input, function.tag) == ("", [], "sum")


@pytest.mark.django_db
def test_apply_code_to_a_feature_with_a_graph_drops_the_graph() -> None:
    feature = FeatureFactory.create(language="", function="", sequence=GRAPH)

    feature.apply(Feature.parse({"tag": "pay", "language": "js", "function": "1"}))
    feature.save()

    assert feature.to_definition().is_code


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "expected_queries"),
    [
        (models.Function, 1),
        (models.Feature, 1),
        (models.Cache, 1),
        (models.Job, 1),
        (models.Notification, 2),
        (models.Database, 2),
        (models.Environment, 2),
        (models.ConnectedApp, 2),
    ],
)
def test_definitions_of_many_rows_take_a_fixed_number_of_queries(
    kind: Any, expected_queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    integration = _integration_with_three_of_each()

    with django_assert_num_queries(expected_queries):
        definitions = [row.to_definition() for row in kind.objects.for_integration(integration).with_definition()]

    assert len(definitions) == 3


def _integration_with_three_of_each() -> models.Integration:
    integration = IntegrationFactory.create()
    for _ in range(3):
        environment = EnvironmentFactory.create(integration=integration)
        connected = factories.ConnectedAppFactory.create(integration=integration)
        factories.AppBindingFactory.create(connected_app=connected, environment=environment)
        FunctionFactory.create(integration=integration)
        FeatureFactory.create(integration=integration)
        factories.CacheFactory.create(integration=integration)
        factories.JobFactory.create(integration=integration, environment=environment)
        notification = factories.NotificationFactory.create(integration=integration)
        notification.environments.create(environment=environment)
        database = factories.DatabaseFactory.create(integration=integration)
        database.environments.create(environment=environment)
    return integration


@pytest.mark.django_db
def test_to_definition_of_an_integration_names_its_tag() -> None:
    integration = models.Integration()
    integration.apply(Integration.parse({"name": "Order Sync #2", "description": ""}))
    integration.save()

    assert integration.to_definition() == Integration(name="Order Sync #2", description="", tag="order_sync_2")


def test_every_kind_of_definition_has_rows() -> None:
    stored = {model.DEFINITION for model in DEFINED}

    assert {Integration, Function, Feature, Cache, Job} <= stored
