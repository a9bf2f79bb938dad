"""Eight schedulers at once, with clocks that differ, killed at random: each time fires once, and none is lost."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections import Counter
from typing import Any

import pytest
from django.db import DatabaseError

from integrations import models
from integrations.runtime.schedules import firing
from tests.scenes.limited import at_once
from tests.scenes.scene import put
from tests.scenes.scheduling import START, Hands, born, hands, make_home

__all__ = ["hands"]

pytestmark = pytest.mark.django_db(transaction=True)

SCHEDULERS, JOBS, TICKS = 8, 100, 50
TICK = dt.timedelta(seconds=30)
SKEW_SECONDS = 20
BETWEEN_SECONDS = 0.05


class _KilledError(BaseException):
    """What a killed process leaves behind: its transaction, never committed."""


def _times_by_job(made: list[models.Job], *, until: dt.datetime) -> Counter[tuple[int, dt.datetime]]:
    expected: Counter[tuple[int, dt.datetime]] = Counter()
    for job in made:
        timetable = job.timetable()
        assert timetable is not None
        expected.update((job.pk, time) for time in timetable.between(after=START, until=until))
    return expected


def _make_jobs(hands: Hands) -> list[models.Job]:
    home = make_home()
    schedules: list[dict[str, Any]] = [{"every": 90 + 7 * number} for number in range(JOBS // 2)]
    schedules += [{"cron": f"*/{3 + number % 7} * * * *", "tz": "America/New_York"} for number in range(JOBS // 2)]
    shared: dict[str, Any] = {"env": "dev", "target": {"event": "tick"}, "missed": "run_all", "overlap": "allow"}
    return [
        born(put(home, "jobs", tag=f"job{number}", schedule=schedule, **shared), hands.now)
        for number, schedule in enumerate(schedules)
    ]


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Kill whoever fires a job, one time in thirty, after the run is written and before the rest is."""
    draw, kills, lock_free = random.Random(4), Counter[str](), firing._run

    def run(*args: object, **kwargs: object) -> None:
        lock_free(*args, **kwargs)  # type: ignore[arg-type]  # passed on as it is
        if draw.random() < 1 / 30:
            kills["kills"] += 1
            raise _KilledError

    monkeypatch.setattr(firing, "_run", run)
    return kills


def test_many_schedulers_fire_each_time_once(hands: Hands, killer: Counter[str]) -> None:
    made = _make_jobs(hands)

    def scheduler(number: int) -> None:
        draw = random.Random(number)
        skew = dt.timedelta(seconds=draw.uniform(-SKEW_SECONDS, SKEW_SECONDS))
        for tick in range(1, TICKS + 1):
            if draw.random() < 0.3:  # it sleeps through this one
                continue
            _fire(now=START + tick * TICK + skew)

    at_once(scheduler, threads=SCHEDULERS)
    end = START + TICKS * TICK + dt.timedelta(seconds=SKEW_SECONDS)
    _fire(now=end)

    slots = models.Slot.objects.values_list("job", "nominal_at")
    runs = models.Run.objects.values_list("job", "nominal_at")
    assert Counter(slots) == Counter(runs) == _times_by_job(made, until=end)
    assert set(models.Slot.objects.values_list("status", flat=True)) == {"started"}
    assert killer["kills"] > 5


def _fire(*, now: dt.datetime) -> None:
    """Fire all that is due, as a process that is started again whenever it was killed."""
    while True:
        try:
            if not firing.fire_due(now=now):
                return
        except (_KilledError, DatabaseError):
            continue
        # As a scheduler does: what is due may be due because others are dealing with it just now.
        time.sleep(BETWEEN_SECONDS)


def test_two_schedulers_never_start_what_waits_twice(hands: Hands) -> None:
    home = make_home()
    shared: dict[str, Any] = {"env": "dev", "target": {"event": "tick"}, "overlap": "queue", "schedule": {"every": 60}}
    made = [born(put(home, "jobs", tag=f"job{number}", **shared), hands.now) for number in range(5)]
    for _ in range(4):
        _fire(now=hands.turn(minutes=1))
    assert Counter(models.Slot.objects.values_list("status", flat=True)) == {"started": 5, "queued": 15}

    for run in models.Run.objects.all():
        models.Run.objects.transition(
            run.pk, from_=models.Run.Status.QUEUED, to=models.Run.Status.CANCELLED, now=hands.now
        )
    at_once(lambda _: _go_on(hands.now), threads=4)

    started = models.Slot.objects.filter(status="started").values_list("job", flat=True)
    assert Counter(started) == {job.pk: 2 for job in made}
    assert models.Run.objects.count() == 10


def _go_on(now: dt.datetime) -> None:
    firing.let_overlooked_go(now=now)
    while True:
        try:
            firing.start_queued(now=now)
        except DatabaseError:
            continue
        return
