"""Runs, their steps and logs."""

from __future__ import annotations

import datetime as dt

from factory.declarations import SelfAttribute, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory

from integrations.models import Run, RunLog, Step
from tests.factories.feature import ReleaseFactory
from tests.factories.integration import EnvironmentFactory

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


class RunFactory(DjangoModelFactory[Run]):
    """A queued run; `running`, `waiting`, `succeeded`, `failed` and `cancelled` are traits."""

    class Meta:
        model = Run

    class Params:
        running = Trait(status=Run.Status.RUNNING, started_at=NOON)
        waiting = Trait(status=Run.Status.WAITING, started_at=NOON)
        succeeded = Trait(status=Run.Status.SUCCEEDED, started_at=NOON, finished_at=NOON)
        failed = Trait(status=Run.Status.FAILED, started_at=NOON, finished_at=NOON)
        cancelled = Trait(status=Run.Status.CANCELLED, finished_at=NOON)

    release = SubFactory(ReleaseFactory)
    feature_version = SelfAttribute("release.feature_version")
    feature = SelfAttribute("feature_version.feature")
    integration = SelfAttribute("feature.integration")
    environment = SubFactory(EnvironmentFactory, integration=SelfAttribute("..integration"))
    trigger = Run.Trigger.ADMIN
    due_at = NOON


class StepFactory(DjangoModelFactory[Step]):
    class Meta:
        model = Step

    run = SubFactory(RunFactory, running=True)
    position = Sequence(int)
    sequence = "fetch"
    event = Sequence(lambda number: f"event_{number}")
    type = "action"
    target = "get_order"
    status = Step.Status.RUNNING
    started_at = NOON


class RunLogFactory(DjangoModelFactory[RunLog]):
    class Meta:
        model = RunLog

    run = SubFactory(RunFactory, running=True)
    level = "info"
    text = "hello"
