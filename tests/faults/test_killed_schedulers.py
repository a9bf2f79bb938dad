"""kill -9 of schedulers whose clocks differ, at random moments: each time of each job fires once, and none is lost."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.faults.installation import Installation, kill, wait_for
from tests.faults.revived import Revived
from tests.faults.skewed_scheduler import nominal

#: Seconds by these clocks.
TICK_SECONDS, SKEW_SECONDS = 30, 20
#: How much faster than real time they run.
SPEED = 30.0
#: How long before their first time the jobs are made.
LEAD = dt.timedelta(seconds=120)


@dataclass(frozen=True, kw_only=True)
class _Size:
    schedulers: int
    jobs: int
    ticks: int
    #: Real seconds between two kills at most.
    kill_seconds: float

    @property
    def seconds(self) -> float:
        return (LEAD.total_seconds() + self.ticks * TICK_SECONDS) / SPEED


SHORT = _Size(schedulers=3, jobs=20, ticks=10, kill_seconds=2.5)
LONG = _Size(schedulers=8, jobs=100, ticks=50, kill_seconds=2.0)


def test_killed_schedulers_with_wrong_clocks_fire_each_time_once(
    installation: Installation, chance: random.Random, is_long: bool
) -> None:
    size = LONG if is_long else SHORT
    first = dt.datetime.now(tz=dt.UTC).replace(microsecond=0) + LEAD
    steps = _make_jobs(installation, size.jobs, first)
    start = time.time()

    schedulers = [Revived(_skewed(installation, chance, start=start)) for _ in range(size.schedulers)]
    kills = _kill_at_random(schedulers, chance, until=start + size.seconds, longest=size.kill_seconds)
    end = nominal(time.time(), start=start, speed=SPEED)
    wait_for(lambda: _next(installation) > end, seconds=60, what=installation.log.read_text)
    for scheduler in schedulers:
        kill(scheduler.process)

    ledger, runs = _ledger(installation), _runs(installation)
    last = {job: max(at for of, at, *_ in ledger if of == job) for job in steps}
    due = Counter((job, at) for job, step in steps.items() for at in _times(first, step, until=last[job]))
    assert Counter((job, at) for job, at, *_ in ledger) == due
    assert {status for _, _, status, _ in ledger} == {"started"}
    assert {run: (job, at) for job, at, _, run in ledger} == runs
    assert min(last.values()) >= end - dt.timedelta(seconds=max(steps.values()))
    assert kills >= size.schedulers


def _make_jobs(installation: Installation, count: int, first: dt.datetime) -> dict[str, int]:
    """Return how many seconds apart each job's times are: up to five ticks."""
    steps = {f"job{number}": TICK_SECONDS + number * 4 * TICK_SECONDS // count for number in range(count)}
    shared = {"target": {"event": "nothing"}, "missed": "run_all", "overlap": "allow"}
    installation.operate_jobs(
        "put",
        *[
            {"tag": tag, "schedule": {"every": step, "start_at": first.isoformat()}, **shared}
            for tag, step in steps.items()
        ],
    )
    return steps


def _skewed(installation: Installation, chance: random.Random, *, start: float) -> Any:
    """Return what starts a scheduler, each time with another clock."""

    def again() -> subprocess.Popen[bytes]:
        clock = (start, SPEED, chance.uniform(-SKEW_SECONDS, SKEW_SECONDS))
        return installation.start(sys.executable, "-m", "tests.faults.skewed_scheduler", *map(str, clock))

    return again


def _kill_at_random(schedulers: list[Revived], chance: random.Random, *, until: float, longest: float) -> int:
    while time.time() < until:
        time.sleep(chance.uniform(0, longest / 2) + longest / 2)
        chance.choice(schedulers).kill()
    return sum(scheduler.kills for scheduler in schedulers)


def _times(first: dt.datetime, step: int, *, until: dt.datetime) -> list[dt.datetime]:
    count = (until - first) // dt.timedelta(seconds=step)
    return [first + dt.timedelta(seconds=step * number) for number in range(count + 1)]


# What is stored


def _ledger(installation: Installation) -> list[tuple[str, dt.datetime, str, Any]]:
    rows = installation.rows(
        "SELECT job.tag, slot.nominal_at, slot.status, slot.run_id FROM integrations_slot AS slot"
        " JOIN integrations_job AS job ON job.id = slot.job_id"
    )
    return [(tag, _moment(at), status, run) for tag, at, status, run in rows]


def _runs(installation: Installation) -> dict[Any, tuple[str, dt.datetime]]:
    """Return the job and time of every run there is."""
    rows = installation.rows(
        "SELECT run.id, job.tag, run.nominal_at FROM integrations_run AS run"
        " LEFT JOIN integrations_job AS job ON job.id = run.job_id"
    )
    return {run: (tag, _moment(at)) for run, tag, at in rows}


def _next(installation: Installation) -> dt.datetime:
    return _moment(installation.rows("SELECT min(next_at) FROM integrations_job")[0][0])


def _moment(value: Any) -> dt.datetime:
    """Return a time; SQLite keeps text in UTC."""
    if isinstance(value, dt.datetime):
        return value
    return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC)
