from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from integrations.models import Job, Slot
from tests.factories import JobFactory
from tests.factories.run import NOON

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
#: A stretch of three hours that begins at noon.
SINCE, UNTIL = NOON, NOON + 3 * HOUR


def slot_at(job: Job, hours: int, until: int | None = None) -> Slot:
    last = {} if until is None else {"until_at": NOON + until * HOUR, "count": 2}
    return Slot.objects.create(job=job, nominal_at=NOON + hours * HOUR, status="skipped", **last)


def test_slots_within_a_stretch_of_time_have_some_time_in_it() -> None:
    job = JobFactory.create()
    slot_at(job, -1)
    slot_at(job, 4)
    slot_at(job, -5, until=-2)
    slot_at(job, 5, until=6)
    found = {
        slot_at(job, 0),
        slot_at(job, 3),
        slot_at(job, -2, until=0),
        slot_at(job, -3, until=9),
        slot_at(job, 2, until=8),
    }

    assert set(Slot.objects.within(since=SINCE, until=UNTIL)) == found


def test_slots_within_a_stretch_of_time_are_looked_up_and_not_searched_for() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's planner goes by what a table of this size holds")

    plan = Slot.objects.filter(job__in=[1, 2]).within(since=SINCE, until=UNTIL).explain()

    assert "nominal_at>? AND nominal_at<?" in plan
    assert "slot_of_several (job_id=? AND until_at>?)" in plan
