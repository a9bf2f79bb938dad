from __future__ import annotations

import datetime as dt
from unittest.mock import ANY

import pytest
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.engine.records import Outcome, StepRecord
from integrations.operations import runs
from integrations.runtime.db import clock
from integrations.runtime.execution import persistence
from integrations.runtime.queue import claiming
from integrations.types import Json, JsonObject
from tests.factories.run import StepFactory
from tests.scenes.nesting import BAD, HOLD, PAUSE, made_of, make_nest, start

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("behind", "due_in"), [(5.0, 60.0), (0.0, 60.0), (-5.0, 65.0)])
def test_run_is_parked_as_long_by_the_databases_clock_as_by_a_workers_clock_that_is_behind(
    monkeypatch: pytest.MonkeyPatch, behind: float, due_in: float
) -> None:
    run = start(make_nest(made_of("tick", {"type": "wait", "event": "pause", "input": {"seconds": 60}})), "tick")
    claimed = claiming.claim_one(run.pk, worker="tester")
    assert claimed is not None
    now = clock.now()
    worker_now = now - dt.timedelta(seconds=behind)
    monkeypatch.setattr(timezone, "now", lambda: worker_now)

    outcome = Outcome(status="waiting", due_at=worker_now + dt.timedelta(seconds=60))
    persistence.store_ends(persistence.ready_ends([(claimed, outcome)], now=now), now=now)

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


def _beside(tag: str, *branches: JsonObject) -> JsonObject:
    sequences: list[Json] = [
        {"sequence_tag": f"branch_{number}", "events": [event]} for number, event in enumerate(branches)
    ]
    return {"tag": tag, "sequence": sequences, "output": None}


def _ends_of(run: models.Run) -> list[tuple[str, str, str]]:
    return [(step.event, step.status, step.reason) for step in run.steps.order_by("sequence", "position")]


def test_run_that_fails_leaves_no_step_waiting() -> None:
    run = runs.execute(start(make_nest(_beside("tick", HOLD, BAD)), "tick"), patience_seconds=0)

    assert run.status == "failed"
    assert _ends_of(run) == [("hold", "cancelled", "the run had failed"), ("bad", "failed", "")]


def test_run_that_is_cancelled_while_it_is_executed_leaves_no_step_waiting() -> None:
    run = start(make_nest(_beside("tick", HOLD, {**PAUSE, "input": {"seconds": 1.5}})), "tick")

    def cancel(_: StepRecord) -> None:
        runs.cancel(run=run, by=SYSTEM)

    run = runs.execute(run, on_step=cancel, patience_seconds=0)

    assert run.status == "cancelled"
    assert _ends_of(run) == [
        ("hold", "cancelled", "the run was cancelled"),
        ("pause", "cancelled", "the run was cancelled"),
    ]


def test_run_that_is_quarantined_leaves_no_step_running() -> None:
    run = start(make_nest(made_of("tick", PAUSE)), "tick")
    models.Run.objects.filter(pk=run.pk).update(crashes=claiming.LAST_CRASH - 1)
    claimed = claiming.claim_one(run.pk, worker="tester")
    assert claimed is not None
    StepFactory.create(run=claimed, event="pause", status="running")

    claiming.crashed(claimed, evidence="gone", now=timezone.now())

    claimed.refresh_from_db()
    assert claimed.status == "quarantined"
    assert _ends_of(claimed) == [("pause", "cancelled", "the run was quarantined")]


def test_run_that_succeeds_without_a_loops_waiting_items_leaves_none_of_them_waiting() -> None:
    each: JsonObject = {"type": "for_each", "subject": "$Input{seconds}", "parallel": 2}
    loop: JsonObject = {**HOLD, "input": {"seconds": "$Item"}, "condition": each, "fallback": PAUSE}
    run = start(make_nest(made_of("tick", loop, input={"seconds": "array"})), "tick", seconds=[600, -1])

    run = runs.execute(run, patience_seconds=0)

    assert run.status == "succeeded"
    assert _ends_of(run) == [
        ("hold", "cancelled", "the run went on without it"),
        ("hold", "failed", 'falls back to wait "pause"'),
        ("hold", "succeeded", ANY),
    ]
