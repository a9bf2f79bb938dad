from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import DefinitionError, NotFound, OperationRefused, PermissionRefused
from integrations.operations import bulk
from tests.factories import RunFactory
from tests.scenes.nesting import PAUSE, made_of, make_nest
from tests.scenes.scene import everything_but, person, put

pytestmark = pytest.mark.django_db

CANCEL = bulk.Kind.CANCEL


@pytest.fixture
def nest() -> models.Integration:
    nest = make_nest(made_of("tick", PAUSE), made_of("tock", PAUSE))
    put(nest, "environments", env_name="Production", slug="prd", auth={})
    return nest


def queue(nest: models.Integration, feature: str = "tick", env: str = "dev", **more: Any) -> models.Run:
    found = {"feature": nest.features.get(tag=feature), "environment": nest.environments.get(slug=env)}
    run: models.Run = RunFactory.create(integration=nest, **found, **more)
    return run


def begin(nest: models.Integration, **filter: Any) -> models.BulkOperation:
    return bulk.start_matching(kind=CANCEL, integration=nest, filter=filter, by=SYSTEM, reason="no longer wanted")


@pytest.mark.parametrize(
    "filter",
    [
        {"feature": "tock"},
        {"env": "prd"},
        {"job": "nightly"},
        {"status": "waiting"},
        {"status": ["waiting", "running"]},
        {"error_code": "timeout"},
        {"until": "2026-01-01"},
        {"feature": "tock", "env": "prd", "status": "waiting"},
    ],
)
def test_each_word_of_a_filter_leaves_out_what_it_does_not_mean(nest: models.Integration, filter: Any) -> None:
    job = put(nest, "jobs", tag="nightly", target={"type": "feature", "event": "tick"}, env="dev")
    meant = queue(nest, "tock", "prd", waiting=True, job=job, error_code="timeout")
    models.Run.objects.filter(pk=meant.pk).update(created_at=dt.datetime(2025, 12, 31, tzinfo=dt.UTC))
    queue(nest)

    operation = begin(nest, **filter)

    assert [item.run_id for item in operation.items.all()] == [meant.pk]


def test_since_leaves_out_what_is_older(nest: models.Integration) -> None:
    older, newer = queue(nest), queue(nest)
    models.Run.objects.filter(pk=older.pk).update(created_at=timezone.now() - dt.timedelta(days=2))

    operation = begin(nest, since=(timezone.now() - dt.timedelta(days=1)).isoformat())

    assert [item.run_id for item in operation.items.all()] == [newer.pk]
    assert operation.description.startswith("nest, since = ")


def test_runs_of_other_integrations_are_left_alone(nest: models.Integration) -> None:
    RunFactory.create()

    with pytest.raises(OperationRefused, match="no run matches: nest, any"):
        begin(nest)


def test_count_says_how_many_are_meant_and_how_many_of_them_fit(nest: models.Integration) -> None:
    queue(nest)
    queue(nest, succeeded=True)

    assert bulk.count_matching(kind=CANCEL, integration=nest, filter={}, by=SYSTEM) == (2, 1)
    with pytest.raises(OperationRefused, match="there is nothing to cancel"):
        begin(nest, status="succeeded")


def test_filter_is_refused_when_it_names_what_is_not_there(nest: models.Integration) -> None:
    queue(nest)

    with pytest.raises(NotFound, match='no feature "tik"'):
        begin(nest, feature="tik")
    with pytest.raises(NotFound, match='no environment "stg"'):
        begin(nest, env="stg")
    with pytest.raises(DefinitionError, match='unknown field "features"'):
        begin(nest, features="tick")
    assert not models.BulkOperation.objects.exists()


def test_filter_is_not_for_whoever_may_not_cancel(nest: models.Integration) -> None:
    someone = person(*everything_but("cancel_run"), member_of=nest)

    with pytest.raises(PermissionRefused):
        bulk.count_matching(kind=CANCEL, integration=nest, filter={}, by=someone)


def test_operation_is_fetched_by_whose_it_is_only(nest: models.Integration) -> None:
    queue(nest)
    operation = begin(nest)

    assert bulk.fetch(operation_id=str(operation.pk), by=SYSTEM) == operation
    with pytest.raises(NotFound):
        bulk.fetch(operation_id=str(operation.pk), by=person("view_bulkoperation"))
    with pytest.raises(NotFound):
        bulk.fetch(operation_id="gone", by=SYSTEM)
