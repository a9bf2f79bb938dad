"""The schedule ledger: the times at which jobs were to fire, held against what became of them."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from integrations import models
from integrations.actors import Actor, require
from integrations.errors import OperationRefused
from integrations.models.slot import SlotQuerySet
from integrations.runtime.db import clock
from integrations.runtime.schedules import next_fire

#: `late` is a run that began, or still has not, more than `Slot.LATE` after its time; `held` is a time that has passed
#: while the job is paused or its environment frozen; `due` one that no scheduler has come to yet.
Outcome = Literal["ran", "late", "queued", "overlapped", "skipped", "missed", "refused", "held", "due", "coming"]

Status = models.Slot.Status
#: How many entries are given at most.
MOST = 20_000


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
    #: How the last attempt at that run stands, one of `Run.Status`; "" without one, or once it was deleted.
    ended: str = ""
    #: How long after its time the run began.
    lateness: dt.timedelta | None = None


def of_job(*, job: models.Job, since: dt.datetime, until: dt.datetime, by: Actor) -> list[Entry]:
    """Return what became of each of the job's times from `since` to `until`, and what is to come, in order of time.

    Raises:
        PermissionRefused
        OperationRefused: these are too many to be given at once.
    """
    require(by, "view_slot", to="see what became of schedules")
    entries = list(itertools.islice(_entries(job, since, until), MOST + 1))
    if len(entries) > MOST:
        raise OperationRefused(f"these are more than {MOST:,} times; ask for a shorter stretch")
    return entries


def latest(*, job: models.Job, since: dt.datetime, until: dt.datetime, most: int, by: Actor) -> list[Entry]:
    """Return the last `most` of the written times from `since` on, and `most` of those to come, in order of time."""
    require(by, "view_slot", to="see what became of schedules")
    now = clock.now()
    slots = models.Slot.objects.filter(job=job).within(since=since, until=until).order_by("-nominal_at")
    written = _written(list(_with_run(slots)[:most]), job, now)
    return [*reversed(written), *itertools.islice(_unwritten(job, since, until, now), most)]


def _entries(job: models.Job, since: dt.datetime, until: dt.datetime) -> Iterator[Entry]:
    now = clock.now()
    slots = models.Slot.objects.filter(job=job).within(since=since, until=until)
    yield from _written(list(_with_run(slots.order_by("nominal_at"))), job, now)
    yield from _unwritten(job, since, until, now)


def _with_run(slots: SlotQuerySet) -> SlotQuerySet:
    return slots.select_related("run").defer("run__input", "run__output", "run__evidence")


def last_retries(failed: Collection[tuple[int, dt.datetime]]) -> dict[tuple[int, dt.datetime], str]:
    """Return how the last retries of failed runs stand, where there are any; all by job and nominal time."""
    if not failed:
        return {}
    times = [time for _, time in failed]
    retries = models.Run.objects.filter(
        job__in={job_id for job_id, _ in failed},
        job_attempt__gt=1,
        nominal_at__range=(min(times), max(times)),
        created_at__gte=min(times),  # by which there is an index
    )
    rows = retries.order_by("pk").values_list("job", "nominal_at", "status")
    return {(job_id, time): status for job_id, time, status in rows if time is not None}


def _written(slots: Sequence[models.Slot], job: models.Job, now: dt.datetime) -> list[Entry]:
    failed = [(job.pk, slot.nominal_at) for slot in slots if slot.run and slot.run.status == models.Run.Status.FAILED]
    retries = last_retries(failed)
    return [_entry(slot, job, now, retries.get((job.pk, slot.nominal_at))) for slot in slots]


def _entry(slot: models.Slot, job: models.Job, now: dt.datetime, retried: str | None) -> Entry:
    outcome, lateness = _outcome(slot, now)
    return Entry(
        job=job,
        nominal_at=slot.nominal_at,
        outcome=outcome,
        reason=slot.reason,
        count=slot.count,
        until_at=slot.until_at,
        run=slot.run,
        ended=retried or (slot.run.status if slot.run else ""),
        lateness=lateness,
    )


def _outcome(slot: models.Slot, now: dt.datetime) -> tuple[Outcome, dt.timedelta | None]:
    if slot.status != Status.STARTED:
        return OUTCOMES[slot.status], None
    if slot.run is None:  # pruned since
        return "ran", None
    lateness = max((slot.run.started_at or slot.run.finished_at or now) - slot.nominal_at, dt.timedelta())
    return ("late" if lateness > slot.LATE else "ran"), lateness


#: What a written time that started no run is called.
OUTCOMES: dict[str, Outcome] = {
    Status.QUEUED: "queued",
    Status.OVERLAPPED: "overlapped",
    Status.SKIPPED: "skipped",
    Status.MISSED: "missed",
    Status.REFUSED: "refused",
}


def _unwritten(job: models.Job, since: dt.datetime, until: dt.datetime, now: dt.datetime) -> Iterator[Entry]:
    """Yield what has passed without anybody having come to it yet, and what is to come."""
    for time in _coming(job, since, until):
        if job.next_at is None:
            yield Entry(job=job, nominal_at=time, outcome="held", reason=_why_held(job))
        else:
            yield Entry(job=job, nominal_at=time, outcome="due" if time <= now else "coming")


def _coming(job: models.Job, since: dt.datetime, until: dt.datetime) -> Iterator[dt.datetime]:
    start = job.next_at or job.held_from
    timetable = job.timetable() if start is not None else None
    if start is None or timetable is None:
        return iter(())
    left = next_fire.left(job, timetable)
    if left is None:
        return timetable.between(after=max(start, since) - next_fire.INSTANT, until=until)
    # Those before `since` use the limit up, too.
    times = itertools.islice(timetable.between(after=start - next_fire.INSTANT, until=until), left)
    return itertools.dropwhile(lambda time: time < since, times)


def _why_held(job: models.Job) -> str:
    return "the job is paused" if job.paused else "the environment is frozen"
