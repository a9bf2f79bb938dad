from __future__ import annotations

import pytest

from integrations.errors import PermissionRefused
from integrations.operations import queued_slots
from integrations.operations.actors import SYSTEM
from tests.operations.scene import everything_but, last_audit, person
from tests.operations.scheduling import Hands, end, fire, hands, ledger, make_job, reasons, runs_of

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


def test_times_are_skipped_by_those_who_may_pause(hands: Hands) -> None:
    job = make_job(hands)

    with pytest.raises(PermissionRefused):
        queued_slots.skip(job=job, by=person(*everything_but("pause_job"), member_of=job.integration))
