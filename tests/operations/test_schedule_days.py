from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import jobs, schedule_days
from integrations.operations.schedule_days import Days
from tests.scenes.scheduling import HOUR, MINUTE, START, Hands, end, fire, fresh, hands, make_home, make_job, runs_of

__all__ = ["hands"]

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
MIDNIGHT = START.replace(hour=0)


def days(*of: models.Job, since: dt.datetime = MIDNIGHT, until: dt.datetime, zone: dt.tzinfo = dt.UTC) -> Days:
    return schedule_days.by_day(jobs=[fresh(job) for job in of], since=since, until=until, zone=zone, by=SYSTEM)


def counted(found: Days) -> list[tuple[int, dict[str, int]]]:
    """Return the day of the month and the outcomes of each entry."""
    return [
        (entry.day.day, {str(outcome): number for outcome, number in entry.outcomes.items()}) for entry in found.entries
    ]


@pytest.mark.parametrize("schedule", [{"every": 60}, {"cron": "* * * * *"}])
def test_every_day_of_a_month_has_its_times_however_many_these_are(hands: Hands, schedule: dict[str, object]) -> None:
    job = make_job(hands, schedule=schedule)

    found = days(job, until=MIDNIGHT + 30 * DAY - MINUTE)

    assert [outcomes for _, outcomes in counted(found)] == [{"coming": 12 * 60 - 1}] + 29 * [{"coming": 24 * 60}]
    assert not found.lacks_coming


def test_day_tells_what_was_from_what_is_to_come(hands: Hands) -> None:
    job = make_job(hands, missed="skip")
    hands.turn(minutes=35)
    fire(hands)
    hands.turn(minutes=20)

    [entry] = days(job, until=START + 2 * HOUR).entries

    assert entry.outcomes == {"missed": 3, "due": 2, "coming": 7}
    assert (entry.first, entry.last) == (START + 10 * MINUTE, START + 2 * HOUR)


def test_times_that_started_a_run_are_told_by_how_the_last_attempt_ended(hands: Hands) -> None:
    job = make_job(hands, overlap="allow", retries=1)
    for _ in range(3):
        hands.turn(minutes=10)
        fire(hands)
    succeeded, failed, retried = runs_of(job)
    end(succeeded)
    for run in (failed, retried):
        end(run, "failed")
    hands.turn(minutes=5)
    end(models.Run.objects.get(replay_of=failed), "failed")

    [entry] = days(job, until=START + 35 * MINUTE).entries
    assert entry.outcomes == {"succeeded": 1, "failed": 1, "going on": 1}

    end(models.Run.objects.get(replay_of=retried))

    [entry] = days(job, until=START + 35 * MINUTE).entries
    assert entry.outcomes == {"succeeded": 2, "failed": 1}


def test_times_of_a_paused_job_are_held(hands: Hands) -> None:
    job = make_job(hands)
    jobs.pause(jobs=[job], by=SYSTEM)

    assert counted(days(job, until=START + HOUR)) == [(24, {"held": 6})]


@pytest.mark.parametrize("schedule", [{"every": 3600}, {"cron": "0 * * * *"}])
def test_limit_is_used_up_by_the_days_before_those_that_are_asked_for(
    hands: Hands, schedule: dict[str, object]
) -> None:
    job = make_job(hands, schedule={**schedule, "limit": 30})

    assert counted(days(job, since=MIDNIGHT + DAY, until=MIDNIGHT + 9 * DAY)) == [(25, {"coming": 19})]
    assert counted(days(job, since=MIDNIGHT + 2 * DAY, until=MIDNIGHT + 9 * DAY)) == []


def test_days_are_those_of_the_zone_also_where_its_clock_changes(hands: Hands) -> None:
    job = make_job(hands, schedule={"cron": "30 * * * *"})
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    since = dt.datetime(2027, 3, 27, tzinfo=berlin)

    found = days(job, since=since, until=since + 3 * DAY - MINUTE, zone=berlin)

    assert counted(found) == [(27, {"coming": 24}), (28, {"coming": 23}), (29, {"coming": 24})]


def test_what_is_left_out_is_said(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_home()
    dense = make_job(hands, home, schedule={"cron": "* * * * *"})
    hands.turn(minutes=5)
    fire(hands)
    monkeypatch.setattr(schedule_days, "MOST_WRITTEN", 4)
    monkeypatch.setattr(schedule_days, "MOST_COMING", 10)

    found = days(dense, until=START + HOUR)

    assert (found.lacks_written, found.lacks_coming) == (True, True)
    assert sum(sum(entry.outcomes.values()) for entry in found.entries) == 4 + 10


def test_schedule_that_cannot_be_read_any_more_hides_no_other(hands: Hands) -> None:
    home = make_home()
    good, bad = (make_job(hands, home, tag=tag, target={"event": "tick"}) for tag in ("good", "bad"))
    models.Job.objects.filter(pk=bad.pk).update(schedule={"cron": "no", "tz": "Nowhere"})

    assert [entry.job for entry in days(bad, good, until=START + HOUR).entries] == [good]


def test_days_of_many_jobs_are_read_in_one_query(hands: Hands) -> None:
    home = make_home()
    many = [make_job(hands, home, tag=f"job{number}", target={"event": "tick"}) for number in range(3)]
    hands.turn(minutes=10)
    fire(hands)
    many = [fresh(job) for job in many]

    with CaptureQueriesContext(connection) as queries:
        found = schedule_days.by_day(jobs=many, since=START, until=START + HOUR, zone=dt.UTC, by=SYSTEM)

    assert [sum(entry.outcomes.values()) for entry in found.entries] == [6, 6, 6]
    assert len(queries) == 1
