from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.actors import SYSTEM
from integrations.models import Feature, Run
from integrations.models.worker import Worker
from integrations.operations import features, runs
from integrations.runtime.execution import event_loop
from tests.factories import EnvironmentFactory, FeatureFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def feature() -> Feature:
    row: Feature = FeatureFactory.create()
    EnvironmentFactory.create(integration=row.integration)
    features.publish(row=row, by=SYSTEM)
    return row


@pytest.fixture(autouse=True)
def _no_runtime_left() -> Iterator[None]:
    yield
    event_loop.close()


def request(feature: Feature) -> Run:
    return runs.request(
        feature=feature,
        environment=feature.integration.environments.get(),
        input={"a": 0},
        by=SYSTEM,
        trigger=Run.Trigger.ADMIN,
    )


def test_run_requested_without_a_worker_is_executed_here(feature: Feature) -> None:
    run = request(feature)

    assert (run.status, run.output) == ("succeeded", {"a": 0})


@pytest.mark.parametrize("columns", [{"is_stopping": True}, {"seen_at": "2020-01-01T00:00Z"}])
def test_run_requested_while_no_worker_takes_anything_is_executed_here(feature: Feature, columns: Any) -> None:
    Worker.objects.create(name="w", host="h", pid=1, concurrency=1, **columns)

    assert request(feature).status == "succeeded"


def test_run_requested_beside_a_worker_is_left_to_it(feature: Feature) -> None:
    Worker.objects.create(name="w", host="h", pid=1, concurrency=1)

    assert request(feature).status == "queued"
