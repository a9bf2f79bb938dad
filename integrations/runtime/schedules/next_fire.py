"""Keeps the columns by which jobs fire in step with their definitions, and writes down the times that nothing starts.

A job fires at its `next_at`. While it is paused or its environment is frozen, that is kept in `held_from` instead.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from integrations import models
from integrations.definitions.schedules import Timetable
from integrations.errors import DefinitionError
from integrations.runtime.containment import contained
from integrations.runtime.db import wakeups
from integrations.types import Json

logger = logging.getLogger(__name__)

Status = models.Slot.Status
#: The last times of a long gap have a row each, those before them one together.
SINGLE_ROWS = 100
#: More than these are not counted one by one.
MOST_COUNTED = 10_000
#: The columns of a job that say when it fires.
COLUMNS = ("next_at", "held_from", "fired", "scheduled_at")
#: The shortest time that the database tells apart.
INSTANT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What of a stored job decides when it fires."""

    schedule: Json
    environment_id: int | None
    paused: bool
    timetable: Timetable | None

    @classmethod
    def of(cls, job: models.Job) -> Planned | None:
        """Return it for a job that was planned before, and None for a new one."""
        if job.scheduled_at is None:
            return None
        return cls(
            schedule=job.schedule,
            environment_id=job.environment_id,
            paused=job.paused,
            timetable=job.timetable(),
        )


def replan(job: models.Job, before: Planned | None, *, now: dt.datetime) -> None:
    """Store when a job fires that was just saved; times that it leaves out by the change are written down."""
    if before is None or before.schedule != job.schedule:
        if before is not None:
            _settle(job, before.timetable, until=now, why=_why_held(before) or "the schedule was changed")
        job.fired, job.scheduled_at = 0, now
        _put(job, job.next_after(now, fired=0))
    elif _goes_on_elsewhere(job, before) or (before.paused and not job.paused):
        _settle(job, before.timetable, until=now, why=_why_held(before))
        _put(job, job.next_after(now, fired=job.fired))
    elif before.paused != job.paused or before.environment_id != job.environment_id:
        _put(job, job.next_at or job.held_from)


def _goes_on_elsewhere(job: models.Job, before: Planned) -> bool:
    """Return whether the job leaves a frozen environment, which says nothing any more of the times that it held up."""
    return before.environment_id != job.environment_id and job.held_from is not None and not before.paused


def _why_held(before: Planned) -> str:
    """Return what held the job up as it was, "" when nothing did."""
    if before.paused:
        return "the job was paused"
    freeze = models.Freeze.objects.in_force().filter(environment=before.environment_id).first()
    return "" if freeze is None else why_frozen(freeze)


def why_frozen(freeze: models.Freeze) -> str:
    """Return what ledgers say of the times that a freeze held up."""
    because = f": {freeze.reason}" if freeze.reason else ""
    return f'environment "{freeze.environment}" was frozen{because}'


def left(job: models.Job, timetable: Timetable) -> int | None:
    """Return how many runs the schedule may still start; None without a limit."""
    limit = timetable.schedule.limit
    return None if limit is None else max(limit - job.fired, 0)


def give_back(job: models.Job, times: Iterable[dt.datetime], *, now: dt.datetime) -> None:
    """Let the schedule's limit no longer count these times, which had waited and start nothing; its row is locked.

    A schedule that had come to its end by them goes on.
    """
    # Before that it was another schedule, whose times nothing counts any more.
    job.fired -= min(sum(time > (job.scheduled_at or now) for time in times), job.fired)
    models.Job.objects.filter(pk=job.pk).update(fired=job.fired)
    if job.next_at is None and job.held_from is None:
        _revive(job, now)


def _revive(job: models.Job, now: dt.datetime) -> None:
    try:
        timetable, following = job.timetable(), job.next_after(now, fired=job.fired)
    except DefinitionError:  # its page says what cannot be read
        return
    last = models.Slot.objects.filter(job=job).order_by("-nominal_at").values_list("nominal_at", flat=True).first()
    if timetable is None or following is None or last is None:
        return
    gap = {"since": last + INSTANT, "until": now, "now": now}
    record_gap(job, timetable, **gap, status=Status.SKIPPED, reason="the schedule had come to its limit")
    _put(job, following)


def plan_unplanned(*, now: dt.datetime) -> None:
    """Store when those jobs fire that no operation has saved."""
    for job in models.Job.objects.filter(schedule__isnull=False, scheduled_at__isnull=True):
        with contained("Scheduling a job failed", action="job_failed", job=job.pk):
            try:
                replan(job, None, now=now)
            except DefinitionError as error:
                extra = {"action": "job_not_scheduled", "job": job.pk, "why": error.message}
                logger.warning("A job cannot be scheduled", extra=extra)


def _put(job: models.Job, time: dt.datetime | None) -> None:
    held = job.paused or models.Freeze.objects.in_force().filter(environment=job.environment_id).exists()
    job.next_at, job.held_from = (None, time) if held else (time, None)
    columns = {name: getattr(job, name) for name in COLUMNS}
    # Not by `save`: that the schedule goes on is no change of the definition.
    models.Job.objects.filter(pk=job.pk).update(**columns)
    wakeups.signal()


def _settle(job: models.Job, timetable: Timetable | None, *, until: dt.datetime, why: str) -> None:
    since = job.next_at or job.held_from
    if timetable is not None and since is not None:
        record_gap(job, timetable, since=since, until=until, status=Status.SKIPPED, reason=why, now=until)


def record_gap(
    job: models.Job,
    timetable: Timetable,
    *,
    since: dt.datetime,
    until: dt.datetime,
    status: models.Slot.Status,
    reason: str,
    now: dt.datetime,
) -> None:
    """Write down that nothing started at the times from `since` to `until`, but for those that are written already."""
    after = since - INSTANT
    times = timetable.last(SINGLE_ROWS, after=after, until=until)
    known = set(models.Slot.objects.filter(job=job, nominal_at__in=times).values_list("nominal_at", flat=True))
    shared = {"job": job, "status": status, "reason": reason, "recorded_at": now}
    rows = [models.Slot(nominal_at=time, **shared) for time in times if time not in known]
    if len(times) == SINGLE_ROWS:
        rows += _earlier(timetable, after=after, until=times[0] - INSTANT, shared=shared)
    models.Slot.objects.bulk_create(rows, ignore_conflicts=True)


def _earlier(
    timetable: Timetable, *, after: dt.datetime, until: dt.datetime, shared: dict[str, object]
) -> list[models.Slot]:
    """Return one row for all times of a gap, if there are any."""
    last = timetable.last(1, after=after, until=until)
    if not last:
        return []
    count = timetable.count(after=after, until=until, most=MOST_COUNTED)
    first = next(timetable.between(after=after, until=until))
    several = {"count": count, "until_at": last[0]} if count > 1 else {}
    return [models.Slot(nominal_at=first, **shared, **several)]
