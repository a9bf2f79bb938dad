from __future__ import annotations

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import PermissionRefused
from integrations.operations import environments, jobs, queued_slots
from tests.scenes.scene import everything_but, last_audit, person
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


def test_times_that_wait_are_skipped_and_the_schedule_goes_on(hands: Hands) -> None:
    job = make_job(hands, overlap="queue")
    for _ in range(3):
        hands.turn(minutes=10)
        fire(hands)
    assert queued_slots.count(job) == 2

    assert queued_slots.skip(job=job, by=SYSTEM, reason="too late now") == 2

    end(runs_of(job)[0])
    fire(hands)
    hands.turn(minutes=10)
    fire(hands)
    assert ledger(job) == [(10, "started"), (20, "skipped"), (30, "skipped"), (40, "started")]
    assert reasons(job)[1] == "skipped by system while it waited: too late now"
    assert (last_audit().action, last_audit().tag) == ("skip", job.tag)
    assert queued_slots.skip(job=job, by=SYSTEM) == 0


def test_limit_does_not_count_times_that_are_skipped(hands: Hands) -> None:
    job = make_job(hands, overlap="queue", schedule={"every": 600, "limit": 4})
    for _ in range(3):
        hands.turn(minutes=10)
        fire(hands)

    queued_slots.skip(job=job, by=SYSTEM)
    end(runs_of(job)[0])
    for _ in range(5):
        hands.turn(minutes=10)
        fire(hands)
        for run in models.Run.objects.unfinished():
            end(run)

    assert [status for _, status in ledger(job)].count("started") == 4
    assert jobs.standstill(fresh(job)) == "ended"


def test_schedule_that_had_ended_by_times_that_are_skipped_goes_on(hands: Hands) -> None:
    job = make_job(hands, overlap="queue", schedule={"every": 600, "limit": 2})
    for _ in range(3):
        hands.turn(minutes=10)
        fire(hands)
    assert jobs.standstill(fresh(job)) == "ended"

    queued_slots.skip(job=job, by=SYSTEM)

    assert ledger(job) == [(10, "started"), (20, "skipped"), (30, "skipped")]
    # What passed meanwhile is accounted for.
    assert reasons(job)[2] == "the schedule had come to its limit"
    assert jobs.coming(job=fresh(job)) == [START + 40 * MINUTE]


def test_schedule_that_had_ended_and_is_paused_stays_so_when_times_are_skipped(hands: Hands) -> None:
    job = make_job(hands, overlap="queue", schedule={"every": 600, "limit": 2})
    for _ in range(2):
        hands.turn(minutes=10)
        fire(hands)
    jobs.pause(jobs=[job], by=SYSTEM)

    queued_slots.skip(job=job, by=SYSTEM)

    assert (fresh(job).next_at, fresh(job).held_from) == (None, START + 30 * MINUTE)


def test_limit_counts_on_what_another_schedule_had_left_waiting(hands: Hands) -> None:
    job = make_job(hands, overlap="allow", schedule={"every": 600, "limit": 2})
    models.Slot.objects.create(job=job, nominal_at=START - MINUTE, status="queued", due_at=None)
    hands.turn(minutes=10)
    fire(hands)

    assert queued_slots.skip(job=job, by=SYSTEM) == 1

    assert fresh(job).fired == 1


def test_limit_does_not_count_a_time_that_is_refused_once_its_turn_has_come(hands: Hands) -> None:
    job = make_job(hands, overlap="queue", schedule={"every": 600, "limit": 2})
    for _ in range(2):
        hands.turn(minutes=10)
        fire(hands)
    end(runs_of(job)[0])
    environments.update(integration=job.integration, tag="dev", changes={"active": False}, by=SYSTEM)

    fire(hands)

    assert ledger(job) == [(10, "started"), (20, "refused")]
    assert fresh(job).next_at == START + 30 * MINUTE


def test_times_of_all_jobs_that_one_may_see_are_skipped(hands: Hands) -> None:
    theirs, other = (make_job(hands, make_home(name), overlap="queue") for name in ("Theirs", "Other"))
    for _ in range(2):
        hands.turn(minutes=10)
        fire(hands)

    skipped = queued_slots.skip_all(by=person("pause_job", member_of=theirs.integration), reason="all over")

    assert skipped == 1
    assert [ledger(job)[1] for job in (theirs, other)] == [(20, "skipped"), (20, "queued")]


def test_times_are_skipped_by_those_who_may_pause(hands: Hands) -> None:
    job = make_job(hands)

    with pytest.raises(PermissionRefused):
        queued_slots.skip(job=job, by=person(*everything_but("pause_job"), member_of=job.integration))
