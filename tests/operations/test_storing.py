from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from integrations import models
from integrations.engine.records import Outcome
from integrations.operations import _claiming, _database_time, _storing, runs
from integrations.operations.actors import SYSTEM
from integrations.types import JsonObject
from tests.operations.nesting import made_of, make_nest, start

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("behind", "due_in"), [(5.0, 60.0), (0.0, 60.0), (-5.0, 65.0)])
def test_run_is_parked_as_long_by_the_databases_clock_as_by_a_workers_clock_that_is_behind(
    monkeypatch: pytest.MonkeyPatch, behind: float, due_in: float
) -> None:
    run = start(make_nest(made_of("tick", {"type": "wait", "event": "pause", "input": {"seconds": 60}})), "tick")
    claimed = _claiming.claim_one(run.pk, worker="tester")
    assert claimed is not None
    now = _database_time.now()
    worker_now = now - dt.timedelta(seconds=behind)
    monkeypatch.setattr(timezone, "now", lambda: worker_now)

    outcome = Outcome(status="waiting", due_at=worker_now + dt.timedelta(seconds=60))
    _storing.store_ends(_storing.ready_ends([(claimed, outcome)], now=now), now=now)

    run.refresh_from_db()
    assert run.due_at == now + dt.timedelta(seconds=due_in)


def test_cancelling_a_parked_run_ends_its_waiting_step() -> None:
    wait: JsonObject = {"type": "wait", "event": "pause", "input": {"seconds": 600}}
    run = runs.execute(start(make_nest(made_of("tick", wait)), "tick"), patience_seconds=0)
    assert [step.status for step in run.steps.all()] == ["waiting"]

    runs.cancel(run=run, by=SYSTEM)

    [step] = run.steps.all()
    assert (step.status, step.reason, step.due_at) == ("cancelled", "the run was cancelled", None)
    assert step.finished_at is not None
    assert models.Run.objects.get().status == "cancelled"
