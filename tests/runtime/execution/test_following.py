from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.engine.records import StepRecord
from integrations.operations import approvals, runs
from integrations.runtime.execution import in_process
from integrations.types import JsonObject
from tests.scenes.nesting import PAUSE, calling, made_of, make_nest, start

pytestmark = pytest.mark.django_db(transaction=True)

Status = models.Run.Status
APPROVAL: JsonObject = {"type": "approval", "event": "boss", "input": {"title": "Pay?"}}
#: What others do while somebody who follows a run sleeps, one after the other.
Meanwhile = Callable[..., None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Let others do something for each time that the follower sleeps; one who sleeps longer than that, fails."""
    planned: list[Callable[[], object]] = []
    sleeper = SimpleNamespace(sleep=lambda _seconds: planned.pop(0)())
    monkeypatch.setattr("integrations.runtime.execution.following.time", sleeper)
    return lambda *deeds: planned.extend(deeds)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Execute runs without those that they start."""
    monkeypatch.setattr(in_process, "_execute_nested", lambda run, *, patience_seconds: None)


def parked(*events: JsonObject) -> models.Run:
    inner = made_of("inner", *events)
    run = runs.execute(start(make_nest(inner, made_of("outer", calling("inner"))), "outer"))
    assert (run.status, run.due_at) == (Status.WAITING, None)
    return run


def executed(**which: object) -> Callable[[], object]:
    return lambda: runs.execute(models.Run.objects.get(**which))


@pytest.mark.parametrize("patience_seconds", [1.0, math.inf])
def test_run_that_waits_for_another_one_is_followed_to_its_end(
    alone: None, meanwhile: Meanwhile, patience_seconds: float
) -> None:
    run = parked(PAUSE)
    meanwhile(lambda: None, executed(parent=run), executed(pk=run.pk))
    told: list[StepRecord] = []

    ended = runs.follow(run=run, on_step=told.append, patience_seconds=patience_seconds)

    assert ended.status == Status.SUCCEEDED
    assert [step.status for step in told] == ["waiting", "succeeded"]


def test_run_that_waits_for_one_that_waits_for_people_is_followed_no_further(alone: None, meanwhile: Meanwhile) -> None:
    run = parked(APPROVAL)
    meanwhile(executed(parent=run))

    assert runs.follow(run=run, patience_seconds=60).status == Status.WAITING


def test_run_that_waits_for_people_is_followed_only_by_who_has_all_the_time(meanwhile: Meanwhile) -> None:
    run = runs.execute(start(make_nest(made_of("pay", APPROVAL)), "pay"))
    assert runs.follow(run=run, patience_seconds=3600).status == Status.WAITING

    approval = models.Approval.objects.get(run=run)
    meanwhile(
        lambda: None,
        lambda: approvals.decide(approval=approval, decision="approved", by=SYSTEM),
        executed(pk=run.pk),
    )

    assert runs.follow(run=run, patience_seconds=math.inf).status == Status.SUCCEEDED


@pytest.mark.parametrize(("seconds", "is_followed"), [(30, True), (90, False)])
def test_run_that_waits_for_a_time_is_followed_if_that_comes_soon_enough(
    meanwhile: Meanwhile, seconds: float, is_followed: bool
) -> None:
    pause: JsonObject = {"type": "wait", "event": "pause", "input": {"seconds": seconds}}
    run = runs.execute(start(make_nest(made_of("tick", pause)), "tick"), patience_seconds=0)
    meanwhile(lambda: runs.cancel(run=run, by=SYSTEM))

    ended = runs.follow(run=run, patience_seconds=60)

    assert ended.status == (Status.CANCELLED if is_followed else Status.WAITING)
