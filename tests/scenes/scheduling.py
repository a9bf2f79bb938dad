"""What tests of schedules share: a clock that they turn, and jobs that start what needs nothing from outside."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.engine.records import Outcome, RunError
from integrations.operations import jobs
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.queue import claiming
from integrations.runtime.schedules import firing, next_fire
from tests.scenes.ending import end_execution
from tests.scenes.nesting import PAUSE, made_of
from tests.scenes.scene import make_integration, put

START = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
TICK = made_of("tick", PAUSE)


class Hands:
    """The hands of the database's clock."""

    def __init__(self) -> None:
        self.now = START

    def turn(self, **by: float) -> dt.datetime:
        self.now += dt.timedelta(**by)
        return self.now


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    dispatch_state.forget()
    monkeypatch.setattr(clock, "now", lambda: hands.now)
    return hands


def make_home(name: str = "Clockwork") -> models.Integration:
    """Return an integration with the environment `dev` and the published feature `tick`."""
    integration = make_integration(name)
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    put(integration, "features", publish=True, **TICK)
    return integration


def make_job(hands: Hands, integration: models.Integration | None = None, **fields: Any) -> models.Job:
    """Return a job, created just now by the clock: it starts `tick` every ten minutes unless `fields` say otherwise."""
    described = {"tag": "tick", "env": "dev", "schedule": {"every": 600}, **fields}
    job: models.Job = put(integration or make_home(), "jobs", **described)
    return born(job, hands.now)


def born(job: models.Job, at: dt.datetime) -> models.Job:
    """Return the job as if it had been created and planned at that time."""
    models.Job.objects.filter(pk=job.pk).update(created_at=at)
    job.refresh_from_db()
    next_fire.replan(job, None, now=at)
    return fresh(job)


def fresh(job: models.Job) -> models.Job:
    return models.Job.objects.select_related("integration", "environment").get(pk=job.pk)


def fire(hands: Hands) -> None:
    """Do what a scheduler does at this time."""
    while firing.fire_due(now=hands.now):
        pass
    firing.start_queued(now=hands.now)


def ledger(job: models.Job) -> list[tuple[int, str]]:
    """Return the minute, counted from START, and the status of each slot, in order of time."""
    slots = models.Slot.objects.filter(job=job).order_by("nominal_at")
    return [(round((slot.nominal_at - START) / MINUTE), slot.status) for slot in slots]


def reasons(job: models.Job) -> list[str]:
    return list(models.Slot.objects.filter(job=job).order_by("nominal_at").values_list("reason", flat=True))


def runs_of(job: models.Job) -> list[models.Run]:
    return list(models.Run.objects.filter(job=job).order_by("pk"))


def end(run: models.Run, status: str = "succeeded") -> None:
    """End a run as if a worker had executed it."""
    held = claiming.claim_one(run.pk, worker="tester")
    assert held is not None
    error = RunError(code="broken", message="it broke") if status == "failed" else None
    end_execution(held, Outcome(status=status, error=error))  # type: ignore[arg-type]  # the tests' own words


def by_hand(job: models.Job, **more: Any) -> models.Run:
    return jobs.run(job=job, by=SYSTEM, trigger=models.Run.Trigger.ADMIN, **more)
