"""The schedule ledger: the times at which jobs were to fire, held against what became of them."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from integrations import models
from integrations.definitions.schedules import next_times
from integrations.models.slot import SlotQuerySet
from integrations.operations import _database_time, _schedules
from integrations.operations.actors import Actor, require

#: `late` is a run that began, or still has not, more than `Slot.LATE` after its time; `held` is a time that has passed
#: while the job is paused or its environment frozen; `due` one that no scheduler has come to yet.
Outcome = Literal["ran", "late", "queued", "overlapped", "skipped", "missed", "refused", "held", "due", "coming"]

Status = models.Slot.Status
#: How many entries are given at most.
MOST = 2_000
#: How many written times a calendar is made of at most, the latest ones.
MOST_IN_CALENDAR = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One time, or `count` in a row up to `until_at`, and what became of it."""

    job: models.Job
    nominal_at: dt.datetime
    outcome: Outcome
    #: Why, as a sentence, or "".
    reason: str = ""
    count: int = 1
    until_at: dt.datetime | None = None
    run: models.Run | None = None
    #: How long after its time the run began.
    lateness: dt.timedelta | None = None


def of_job(*, job: models.Job, since: dt.datetime, until: dt.datetime, by: Actor) -> list[Entry]:
    """Return what became of each of the job's times from `since` to `until`, and what is to come, in order of time."""
    require(by, "view_slot", to="see what became of schedules")
    return list(itertools.islice(_entries([job], since, until), MOST))


def latest(*, job: models.Job, since: dt.datetime, until: dt.datetime, most: int, by: Actor) -> list[Entry]:
    """Return the last `most` of the written times from `since` on, and `most` of those to come, in order of time."""
    require(by, "view_slot", to="see what became of schedules")
    now = _database_time.now()
    slots = models.Slot.objects.filter(job=job).within(since=since, until=until).order_by("-nominal_at")
    written = [_written(slot, job, now) for slot in _with_run(slots)[:most]]
    return [*reversed(written), *itertools.islice(_unwritten(job, since, until, now), most)]


def of_jobs(*, jobs: Iterable[models.Job], since: dt.datetime, until: dt.datetime, by: Actor) -> list[Entry]:
    """Return the same of several jobs together."""
    require(by, "view_slot", to="see what became of schedules")
    return sorted(itertools.islice(_entries(list(jobs), since, until), MOST), key=lambda entry: entry.nominal_at)


def _entries(jobs: list[models.Job], since: dt.datetime, until: dt.datetime) -> Iterator[Entry]:
    now = _database_time.now()
    slots = models.Slot.objects.filter(job__in=jobs).within(since=since, until=until)
    by_id = {job.pk: job for job in jobs}
    for slot in _with_run(slots.order_by("nominal_at")):
        yield _written(slot, by_id[slot.job_id], now)
    for job in jobs:
        yield from _unwritten(job, since, until, now)


def _with_run(slots: SlotQuerySet) -> SlotQuerySet:
    return slots.select_related("run").defer("run__input", "run__output", "run__evidence")


def _written(slot: models.Slot, job: models.Job, now: dt.datetime) -> Entry:
    outcome, lateness = _outcome(slot, now)
    return Entry(
        job=job,
        nominal_at=slot.nominal_at,
        outcome=outcome,
        reason=slot.reason,
        count=slot.count,
        until_at=slot.until_at,
        run=slot.run,
        lateness=lateness,
    )


def _outcome(slot: models.Slot, now: dt.datetime) -> tuple[Outcome, dt.timedelta | None]:
    if slot.status != Status.STARTED:
        return _OUTCOMES[slot.status], None
    if slot.run is None:  # pruned since
        return "ran", None
    lateness = max((slot.run.started_at or slot.run.finished_at or now) - slot.nominal_at, dt.timedelta())
    return ("late" if lateness > slot.LATE else "ran"), lateness


_OUTCOMES: dict[str, Outcome] = {
    Status.QUEUED: "queued",
    Status.OVERLAPPED: "overlapped",
    Status.SKIPPED: "skipped",
    Status.MISSED: "missed",
    Status.REFUSED: "refused",
}


def _unwritten(job: models.Job, since: dt.datetime, until: dt.datetime, now: dt.datetime) -> Iterator[Entry]:
    """Yield what has passed without anybody having come to it yet, and what is to come."""
    timetable, start = job.timetable(), job.next_at or job.held_from
    if timetable is None or start is None:
        return
    limit = timetable.schedule.limit
    left = None if limit is None else max(limit - job.fired, 0)
    after = max(start, since) - _schedules.INSTANT
    for time in next_times(timetable.schedule, anchor=timetable.anchor, after=after, count=MOST, left=left):
        if time > until:
            return
        if job.next_at is None:
            yield Entry(job=job, nominal_at=time, outcome="held", reason=_why_held(job))
        else:
            yield Entry(job=job, nominal_at=time, outcome="due" if time <= now else "coming")


def _why_held(job: models.Job) -> str:
    return "the job is paused" if job.paused else "the environment is frozen"


@dataclass(slots=True, kw_only=True)
class DayOfJob:
    """What becomes of one job's times within one day."""

    job: models.Job
    day: dt.date
    first: dt.datetime
    last: dt.datetime
    #: How many times there are of each outcome; `ran` stands for late ones, too.
    outcomes: Counter[Outcome] = field(default_factory=Counter)


def by_day(
    *, jobs: Iterable[models.Job], since: dt.datetime, until: dt.datetime, zone: dt.tzinfo, by: Actor
) -> list[DayOfJob]:
    """Return each job's times from `since` to `until` by the days of `zone`, in order of day and first time."""
    require(by, "view_slot", to="see what became of schedules")
    days: dict[tuple[dt.date, int], DayOfJob] = {}
    for job, time, outcome, count in _times(list(jobs), since, until):
        local = time.astimezone(zone)
        entry = days.setdefault((local.date(), job.pk), DayOfJob(job=job, day=local.date(), first=local, last=local))
        entry.first, entry.last = min(entry.first, local), max(entry.last, local)
        entry.outcomes[outcome] += count
    return sorted(days.values(), key=lambda entry: (entry.day, entry.first, entry.job.tag))


def _times(
    jobs: list[models.Job], since: dt.datetime, until: dt.datetime
) -> Iterator[tuple[models.Job, dt.datetime, Outcome, int]]:
    now, by_id = _database_time.now(), {job.pk: job for job in jobs}
    slots = models.Slot.objects.filter(job__in=by_id).within(since=since, until=until).order_by("-nominal_at")
    for job_id, time, status, count in slots.values_list("job", "nominal_at", "status", "count")[:MOST_IN_CALENDAR]:
        yield by_id[job_id], max(time, since), _OUTCOMES.get(status, "ran"), count
    for job in jobs:
        for entry in itertools.islice(_unwritten(job, since, until, now), MOST):
            yield job, entry.nominal_at, entry.outcome, 1
