from __future__ import annotations

import pytest

from integrations.definitions.job import Job
from integrations.errors import DefinitionError
from integrations.types import JsonObject


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ({"every": 0}, "schedule/every: should be more than 0 (seconds from one time to the next, such as 3600)"),
        (
            {"every": 60, "limit": 0},
            "schedule/limit: should be more than 0 (how many runs it starts; no limit without it)",
        ),
        (
            {"start_at": "tomorrow"},
            "schedule/start_at: is not an ISO 8601 date and time (such as 2030-01-31T09:30+01:00)",
        ),
        (
            {"every": 60, "start_at": "9999-12-31T23:59:59-12:00"},
            "schedule/start_at: is not between the years 1000 and 8999 (such as 2030-01-31T09:30+01:00)",
        ),
        (
            {"cron": "* * * * *", "end_at": "0001-01-01T00:00:00+14:00"},
            "schedule/end_at: is not between the years 1000 and 8999 (such as 2030-01-31T09:30+01:00)",
        ),
        (
            {"start_at": "2030-01-02", "end_at": "2030-01-01"},
            "schedule: end_at is not after start_at (name a later end_at, or leave it out)",
        ),
        (
            {"cron": "0 6 * * *", "every": 60},
            "schedule: give either cron or every, not both (leave one of them out)",
        ),
        ({}, 'schedule: give cron, every or start_at (such as {"cron": "0 6 * * *", "tz": "UTC"})'),
    ],
)
def test_schedule_that_says_nothing_sensible_is_refused_with_a_hint(schedule: JsonObject, problem: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        Job.parse({"tag": "nightly", "schedule": schedule})

    [found] = refused.value.problems
    assert str(found) == problem
