from __future__ import annotations

import datetime as dt

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import OperationRefused
from integrations.operations import freezes, jobs, ledgers
from tests.scenes.scheduling import HOUR, MINUTE, START, Hands, end, fire, fresh, hands, make_job, runs_of

__all__ = ["hands"]

pytestmark = pytest.mark.django_db


def told(job: models.Job, *, until: dt.timedelta = HOUR) -> list[tuple[int, str]]:
    entries = ledgers.of_job(job=fresh(job), since=START, until=START + until, by=SYSTEM)
    return [(round((entry.nominal_at - START) / MINUTE), entry.outcome) for entry in entries]


def test_each_time_is_told_with_what_became_of_it(hands: Hands) -> None:
    job = make_job(hands, overlap="skip", missed="skip")
    hands.turn(minutes=10)
    fire(hands)
    hands.turn(minutes=10)
    fire(hands)
    end(runs_of(job)[0])
    hands.turn(minutes=25)
    fire(hands)

    assert told(job) == [
        (10, "late"),
        (20, "overlapped"),
        (30, "missed"),
        (40, "missed"),
        (50, "coming"),
        (60, "coming"),
    ]


def test_run_that_begins_in_time_ran(hands: Hands) -> None:
    job = make_job(hands)
    hands.turn(minutes=10, seconds=1)
    fire(hands)
    end(runs_of(job)[0])

    [entry, *_] = ledgers.of_job(job=fresh(job), since=START, until=START + HOUR, by=SYSTEM)

    assert (entry.outcome, entry.run, entry.lateness) == ("ran", runs_of(job)[0], dt.timedelta(seconds=1))


def test_entry_says_how_the_last_attempt_stands(hands: Hands) -> None:
    job = make_job(hands, retries=1)
    hands.turn(minutes=10)
    fire(hands)
    end(runs_of(job)[0], "failed")
    hands.turn(minutes=5)

    [waits, *_] = ledgers.of_job(job=fresh(job), since=START, until=START + HOUR, by=SYSTEM)
    end(runs_of(job)[1])
    [ended, *_] = ledgers.of_job(job=fresh(job), since=START, until=START + HOUR, by=SYSTEM)

    assert (waits.run, waits.ended) == (runs_of(job)[0], "scheduled")
    assert (ended.run, ended.ended) == (runs_of(job)[0], "succeeded")


def test_time_that_nobody_has_come_to_is_due(hands: Hands) -> None:
    job = make_job(hands)
    hands.turn(minutes=15)

    assert told(job, until=20 * MINUTE) == [(10, "due"), (20, "coming")]


def test_times_of_a_paused_job_are_held(hands: Hands) -> None:
    job = make_job(hands)
    jobs.pause(jobs=[job], by=SYSTEM)

    assert told(job, until=20 * MINUTE) == [(10, "held"), (20, "held")]
    assert ledgers.of_job(job=fresh(job), since=START, until=START + HOUR, by=SYSTEM)[0].reason == "the job is paused"


def test_times_of_a_frozen_environment_are_held(hands: Hands) -> None:
    job = make_job(hands)
    assert job.environment is not None
    freezes.freeze(environment=job.environment, by=SYSTEM)

    assert told(job, until=10 * MINUTE) == [(10, "held")]
    assert jobs.standstill(fresh(job)) == "frozen"


def test_limit_ends_what_is_to_come(hands: Hands) -> None:
    job = make_job(hands, schedule={"every": 600, "limit": 2})

    assert told(job) == [(10, "coming"), (20, "coming")]


def test_long_gap_is_one_entry_that_reaches_into_what_is_asked_for(hands: Hands) -> None:
    job = make_job(hands, schedule={"every": 60})
    hands.turn(minutes=400, seconds=30)
    fire(hands)

    entries = ledgers.of_job(job=fresh(job), since=START + HOUR, until=START + 2 * HOUR, by=SYSTEM)

    assert [(entry.nominal_at, entry.count, entry.outcome) for entry in entries] == [(START + MINUTE, 299, "missed")]


def test_limit_is_used_up_by_the_times_before_those_that_are_asked_for(hands: Hands) -> None:
    job = make_job(hands, schedule={"every": 600, "limit": 3})

    entries = ledgers.of_job(job=fresh(job), since=START + 25 * MINUTE, until=START + HOUR, by=SYSTEM)

    assert [(entry.nominal_at, entry.outcome) for entry in entries] == [(START + 30 * MINUTE, "coming")]


def test_ledger_that_is_too_long_to_be_given_is_refused_instead_of_cut(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(hands)
    monkeypatch.setattr(ledgers, "MOST", 5)

    assert len(told(job, until=50 * MINUTE)) == 5
    with pytest.raises(OperationRefused, match="more than 5 times"):
        told(job, until=60 * MINUTE)


def test_every_expected_time_is_accounted_for(hands: Hands) -> None:
    """Whatever happens in between: the times of the schedule are those of the ledger."""
    job = make_job(hands, schedule={"every": 60}, missed="run_once", overlap="queue")
    for minutes in (1, 3, 30, 1, 1, 200, 1):
        hands.turn(minutes=minutes)
        fire(hands)
    jobs.pause(jobs=[fresh(job)], by=SYSTEM)
    hands.turn(minutes=20)
    jobs.resume(jobs=[fresh(job)], by=SYSTEM)
    until = hands.now + HOUR

    entries = ledgers.of_job(job=fresh(job), since=START, until=until, by=SYSTEM)

    expected = round((until - START) / MINUTE)
    assert sum(entry.count for entry in entries) == expected
