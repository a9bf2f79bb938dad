"""A fault in dealing with one job holds up no other job and ends no worker."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import DatabaseError

from integrations import models
from integrations.runtime.schedules import firing, job_starts, next_fire
from integrations.workers.scheduler import Scheduler
from tests.scenes.scheduling import (
    MINUTE,
    START,
    Hands,
    end,
    fire,
    fresh,
    hands,
    ledger,
    make_home,
    make_job,
    reasons,
    runs_of,
)

__all__ = ["hands"]

pytestmark = pytest.mark.django_db

FAULT = "internal error, see the server log"


def _break(monkeypatch: pytest.MonkeyPatch, where: object, name: str, *, job: models.Job) -> None:
    """Let this function fail for this job: its first argument is the job, or something of the job."""
    whole = getattr(where, name)

    def broken(first: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(first, "job", first) == job:
            raise RuntimeError("broken")
        return whole(first, *args, **kwargs)

    monkeypatch.setattr(where, name, broken)


@pytest.mark.parametrize(("where", "name"), [(job_starts, "prepare"), (job_starts, "write"), (firing, "_sorted")])
def test_job_that_breaks_is_refused_and_the_others_fire(
    hands: Hands, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: object, name: str
) -> None:
    home = make_home()
    bad, good = (make_job(hands, home, tag=tag, target={"event": "tick"}) for tag in ("bad", "good"))
    _break(monkeypatch, where, name, job=bad)
    hands.turn(minutes=10)

    fire(hands)

    assert (ledger(bad), reasons(bad)) == ([(10, "refused")], [FAULT])
    assert fresh(bad).next_at == START + 20 * MINUTE
    assert ledger(good) == [(10, "started")]
    assert any(record.exc_info for record in caplog.records)


def test_queued_time_that_breaks_is_refused_and_lets_the_next_one_go(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(hands, overlap="queue")
    for _ in range(3):
        hands.turn(minutes=10)
        fire(hands)
    end(runs_of(job)[0])
    with monkeypatch.context() as broken:
        _break(broken, job_starts, "write", job=job)
        firing.start_queued(now=hands.now)

    firing.start_queued(now=hands.now)

    assert ledger(job) == [(10, "started"), (20, "refused"), (30, "started")]


def test_job_that_cannot_be_planned_keeps_no_other_from_it(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_home()
    bad, good = (make_job(hands, home, tag=tag, target={"event": "tick"}) for tag in ("bad", "good"))
    models.Job.objects.update(scheduled_at=None, next_at=None)
    _break(monkeypatch, next_fire, "replan", job=bad)

    next_fire.plan_unplanned(now=hands.now)

    assert (fresh(bad).next_at, fresh(good).next_at) == (None, START + 10 * MINUTE)


def test_fault_of_a_look_is_logged_and_ends_no_worker(
    hands: Hands, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = make_job(hands)
    hands.turn(minutes=10)
    with monkeypatch.context() as broken:
        broken.setattr(firing, "fire_due", lambda **_: 1 / 0)
        Scheduler().look()
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]
    assert caplog.records[-1].levelno == logging.ERROR

    Scheduler().look()

    assert ledger(job) == [(10, "started")]


def test_database_that_does_not_answer_a_look_is_left_to_the_worker(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: object) -> int:
        raise DatabaseError("away")

    make_job(hands)
    hands.turn(minutes=10)
    monkeypatch.setattr(firing, "fire_due", away)

    with pytest.raises(DatabaseError):
        Scheduler().look()
