"""Fires jobs: decides what becomes of each time that has come, starts the runs, and writes all of it down.

Any number of schedulers may do this at once. A job's times are dealt with in one transaction that moves its `next_at`
on if it is still where it was read, so each time is dealt with once.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from integrations import models
from integrations.actors import SYSTEM
from integrations.definitions.schedules import Timetable
from integrations.errors import Busy, DefinitionError, IntegrationsError, OperationRefused
from integrations.models.job import JobQuerySet
from integrations.models.run import RunQuerySet
from integrations.runtime.containment import INTERNAL_ERROR, contained
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.releases.revision_cache import Revision, RevisionCache
from integrations.runtime.schedules import job_starts, next_fire
from integrations.runtime.schedules.job_starts import Start

logger = logging.getLogger(__name__)

Status = models.Slot.Status
#: What is due for longer has been missed: no scheduler was there for it.
GRACE = dt.timedelta(seconds=60)
#: How many missed times `run_all` makes up for, the last ones.
MOST_MADE_UP = 100
#: How many times of one job may wait for its runs to end.
MOST_QUEUED = 100
#: What the ledger says where a time had to wait for room.
_FULL = "the queue was full"
#: How many jobs share a transaction, and so a disk write; few enough not to hold up other writers.
BATCH = 25
#: What was prepared outside of a transaction, so that preparing it within one reads little.
_warmed: RevisionCache[bool] = RevisionCache(most=2_000, is_read=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Time:
    """One time that has come, and what is to become of it if nothing stands in its way."""

    nominal_at: dt.datetime
    #: Told of in its row.
    note: str = ""
    #: One that makes up for a missed one waits where others would be left out.
    is_made_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """Times that nothing starts."""

    since: dt.datetime
    until: dt.datetime
    status: models.Slot.Status
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    job: models.Job
    timetable: Timetable
    times: Sequence[_Time]
    gaps: Sequence[_Gap]
    now: dt.datetime = field(repr=False)


def fire_due(*, now: dt.datetime, limit: int = BATCH, among: JobQuerySet | None = None) -> int:
    """Deal with up to `limit` jobs whose time has come, and return how many there were; 0 when nothing was due."""
    jobs = models.Job.objects.all() if among is None else among
    due = list(jobs.due(now).select_related("integration", "environment")[:limit])
    if not due:
        return 0
    _warm(due)
    plans = [plan for job in due if (plan := _planned(job, now)) is not None]
    with transaction.atomic():
        mine = _locked(plan.job for plan in plans)
        for plan in plans:
            if plan.job.pk in mine:
                _carry_out_safely(plan)
    return len(due)


def start_queued(*, now: dt.datetime, limit: int = BATCH, among: JobQuerySet | None = None) -> int:
    """Deal with up to `limit` times that waited and whose turn it is; return how many nobody else was dealing with."""
    startable = models.Slot.objects.startable(now)
    if among is not None:
        startable = startable.filter(job__in=among)
    slots = list(startable.select_related("job__integration", "job__environment")[:limit])
    starts = [(slot, _prepared(slot.job)) for slot in slots]
    return sum(_start_queued_safely(slot, start, now=now) for slot, start in starts)


def let_next_go(job_id: int, *, now: dt.datetime) -> bool:
    """Give the job's next queued time its turn if none of the schedule's own runs is unfinished any more."""
    if unfinished(job_id).exists():
        return False
    waiting = models.Slot.objects.queued().filter(job=job_id)
    if waiting.filter(due_at__isnull=False).exists():
        return False
    following = waiting.first()
    # Somebody may be starting it just now.
    return following is not None and models.Slot.objects.queued().filter(pk=following.pk).update(due_at=now) == 1


def let_overlooked_go(*, now: dt.datetime, among: JobQuerySet | None = None) -> None:
    """Give those their turn that nobody gave it: a run may end just while a time is being queued behind it."""
    waiting = models.Slot.objects.filter(status=Status.QUEUED, due_at__isnull=True)
    if among is not None:
        waiting = waiting.filter(job__in=among)
    for job_id in waiting.order_by().values_list("job", flat=True).distinct():
        let_next_go(job_id, now=now)


def unfinished(job_id: int) -> RunQuerySet:
    """Return the schedule's own runs that have not ended: those started by hand stand beside the schedule."""
    return models.Run.objects.unfinished().filter(job=job_id, nominal_at__isnull=False)


# What is to become of the times that have come


def _planned(job: models.Job, now: dt.datetime) -> _Plan | None:
    """Return the plan; a job that there is none for fires nothing, with the reason in its ledger."""
    why = INTERNAL_ERROR
    with contained("Planning a job failed", action="job_failed", job=job.pk):
        try:
            return _plan(job, now)
        except DefinitionError as error:
            why = error.message
    with transaction.atomic():
        if _locked([job]):
            _refuse(job, now, why)
    return None


def _refuse(job: models.Job, now: dt.datetime, why: str) -> None:
    """Write down that nothing starts at the times that have come; a schedule that cannot be read any more ends."""
    assert job.next_at is not None  # noqa: S101 (for the type checker: it is due)
    try:
        timetable, following = job.timetable(), job.next_after(now, fired=job.fired)
    except Exception:  # whoever calls this has said what is wrong
        timetable = following = None
    if timetable is None:
        slot = models.Slot(job=job, nominal_at=job.next_at, recorded_at=now, status=Status.REFUSED, reason=why)
        models.Slot.objects.bulk_create([slot], ignore_conflicts=True)
    else:
        gap = {"since": job.next_at, "until": now, "now": now}
        next_fire.record_gap(job, timetable, **gap, status=Status.REFUSED, reason=why)
    models.Job.objects.filter(pk=job.pk).update(next_at=following)


def _plan(job: models.Job, now: dt.datetime) -> _Plan:
    timetable = job.timetable()
    assert timetable is not None and job.next_at is not None  # noqa: S101, PT018 (for the type checker: it is due)
    after = job.next_at - next_fire.INSTANT
    gaps, since = [], after
    restored = dispatch_state.slots_from()
    if restored is not None and restored > job.next_at:
        gaps.append(_Gap(since=job.next_at, until=restored, status=Status.SKIPPED, reason=dispatch_state.RESTORED))
        since = restored
    times, missed = _sorted(job, timetable, since, now)
    return _Plan(
        job=job,
        timetable=timetable,
        times=times,
        gaps=[*gaps, *missed],
        now=now,
    )


def _sorted(
    job: models.Job, timetable: Timetable, after: dt.datetime, now: dt.datetime
) -> tuple[list[_Time], list[_Gap]]:
    """Return the times that are to start, and those that nothing starts, by the job's policy for missed ones."""
    fresh_from = now - GRACE
    fresh = [_Time(nominal_at=time) for time in timetable.between(after=max(after, fresh_from), until=now)]
    if fresh_from <= after:
        return fresh, []
    last = timetable.last(MOST_MADE_UP, after=after, until=fresh_from)
    if not last:
        return fresh, []
    why = _why_missed(job, last[-1])
    match job.missed:
        case models.Job.Missed.RUN_ALL:
            made_up = [_Time(nominal_at=time, note=f"made up for: {why}", is_made_up=True) for time in last]
            rest = timetable.last(1, after=after, until=last[0] - next_fire.INSTANT)
            beyond = f"{why}; only the last {MOST_MADE_UP} are made up for"
            return [*made_up, *fresh], _missed(after, rest[-1], beyond) if rest else []
        case models.Job.Missed.RUN_ONCE if not fresh:
            rest = last[:-1]
            once = _Time(nominal_at=last[-1], note=f"made up for all that were missed: {why}", is_made_up=True)
            return [once], _missed(after, rest[-1], f"{why}; made up for by the last one") if rest else []
        case models.Job.Missed.RUN_ONCE:
            return fresh, _missed(after, last[-1], f"{why}; made up for by the next one")
        case _:
            return fresh, _missed(after, last[-1], why)


def _missed(after: dt.datetime, until: dt.datetime, why: str) -> list[_Gap]:
    return [_Gap(since=after, until=until, status=Status.MISSED, reason=why)]


def _why_missed(job: models.Job, time: dt.datetime) -> str:
    freeze = models.Freeze.objects.filter(environment=job.environment_id).at(time).order_by("-started_at").first()
    return "no worker was there to fire it, or dispatch was paused" if freeze is None else next_fire.why_frozen(freeze)


def _warm(jobs: Iterable[models.Job]) -> None:
    """Read what these jobs start, where that was not done since their integration changed."""
    for job in jobs:
        key = (Revision.of(job.integration), job.environment_id, job.tag)
        _warmed.get(key, lambda job=job: _prepared(job) is not None)  # type: ignore[misc]  # its default is typed


def _prepared(job: models.Job) -> Start | IntegrationsError:
    """Return what every time of the job is started from, or why none can."""
    with contained("Preparing a job's run failed", action="job_failed", job=job.pk):
        try:
            return job_starts.prepare(job)
        except IntegrationsError as error:
            return error
    return OperationRefused(INTERNAL_ERROR)


# Writing it down


def _locked(jobs: Iterable[models.Job]) -> set[int]:
    """Return those of these jobs that still stand as they were read, and that nobody else is dealing with."""
    read = {job.pk: (job.next_at, job.fired, job.updated_at) for job in jobs}
    rows = models.Job.objects.filter(pk__in=read).select_for_update(skip_locked=True)
    return {pk for pk, *stands in rows.values_list("pk", "next_at", "fired", "updated_at") if tuple(stands) == read[pk]}


def _carry_out_safely(plan: _Plan) -> None:
    """Carry a plan out, or leave the job as it was: one that cannot be dealt with holds nobody else up."""
    with contained("Firing a job failed", action="job_failed", job=plan.job.pk):
        with transaction.atomic():
            _carry_out(plan)
        return
    _refuse(plan.job, plan.now, INTERNAL_ERROR)


def _carry_out(plan: _Plan) -> None:
    job, now = plan.job, plan.now
    for gap in plan.gaps:
        next_fire.record_gap(
            job, plan.timetable, since=gap.since, until=gap.until, status=gap.status, reason=gap.reason, now=now
        )
    fired = job.fired
    for slot in _slots(plan):
        slot.save()
        fired += slot.status in (Status.STARTED, Status.QUEUED)
    job.fired, job.next_at = fired, job.next_after(now, fired=fired)
    models.Job.objects.filter(pk=job.pk).update(fired=job.fired, next_at=job.next_at)


def _slots(plan: _Plan) -> Iterator[models.Slot]:
    """Yield a row for each time, its run started, until the schedule's limit is reached."""
    job, limit = plan.job, plan.timetable.schedule.limit
    left = None if limit is None else limit - job.fired
    times = [time.nominal_at for time in plan.times]
    known = set(models.Slot.objects.filter(job=job, nominal_at__in=times).values_list("nominal_at", flat=True))
    start = _prepared(job) if times else IntegrationsError()
    for time in plan.times:
        if time.nominal_at in known:  # by a scheduler whose clock goes before
            continue
        if left is not None and left <= 0:
            return
        slot = _slot(plan, time, start)
        if left is not None and slot.status in (Status.STARTED, Status.QUEUED):
            left -= 1
        yield slot


def _slot(plan: _Plan, time: _Time, start: Start | IntegrationsError) -> models.Slot:
    slot = models.Slot(job=plan.job, nominal_at=time.nominal_at, recorded_at=plan.now, reason=time.note)
    if isinstance(start, IntegrationsError):
        slot.status, slot.reason = Status.REFUSED, start.message
    elif (ahead := _ahead(plan.job)) is None:
        _run_or_wait(slot, start, now=plan.now)
    elif plan.job.overlap == models.Job.Overlap.QUEUE or time.is_made_up:
        slot.status = Status.QUEUED
    else:
        slot.status, slot.reason = Status.OVERLAPPED, ahead
    if slot.status == Status.QUEUED and models.Slot.objects.queued().filter(job=plan.job).count() >= MOST_QUEUED:
        slot.status, slot.reason, slot.due_at = Status.OVERLAPPED, f"{MOST_QUEUED} times of the job wait already", None
    return slot


def _ahead(job: models.Job) -> str | None:
    """Return what another run of the job would overlap with, None when it may start."""
    if job.overlap == models.Job.Overlap.ALLOW:
        return None
    run = unfinished(job.pk).order_by("pk").first()
    if run is not None:
        return f"run {run.pk} was still {run.status}"
    queued = models.Slot.objects.queued().filter(job=job).first()
    return None if queued is None else f"the time at {queued.nominal_at.isoformat()} was still waiting"


def _run_or_wait(slot: models.Slot, start: Start, *, now: dt.datetime) -> None:
    """Start it, or let it wait where the queue is full: there was somebody to fire it, so it was not missed."""
    try:
        _run(slot, start, now=now)
    except Busy as error:
        logger.warning(
            "The queue is full, so a job fires later",
            extra={"action": "job_waits", "job": slot.job_id, "queued": error.queued},
        )
        slot.status, slot.due_at = Status.QUEUED, now + dt.timedelta(seconds=error.retry_after_seconds)
        if _FULL not in slot.reason:
            slot.reason = f"{slot.reason}; {_FULL}" if slot.reason else _FULL


def _run(slot: models.Slot, start: Start, *, now: dt.datetime) -> None:
    run = job_starts.write(start, by=SYSTEM, trigger=models.Run.Trigger.JOB, now=now, nominal_at=slot.nominal_at)
    slot.run, slot.status, slot.due_at = run, Status.STARTED, None
    if run.is_deduplicated:
        slot.reason = f"run {run.pk} had been started with an equal key"


def _start_queued_safely(slot: models.Slot, start: Start | IntegrationsError, *, now: dt.datetime) -> bool:
    """Start a queued time and return True, or leave it to whoever deals with its job just now."""
    with contained("Starting a queued time of a job failed", action="job_failed", job=slot.job_id):
        return _start_queued_locked(slot, start, now=now)
    return _start_queued_locked(slot, OperationRefused(INTERNAL_ERROR), now=now)


def _start_queued_locked(slot: models.Slot, start: Start | IntegrationsError, *, now: dt.datetime) -> bool:
    with transaction.atomic():
        is_ours = bool(_locked([slot.job]))
        if is_ours:
            _start_queued(slot, start, now=now)
    return is_ours


def _start_queued(slot: models.Slot, start: Start | IntegrationsError, *, now: dt.datetime) -> None:
    """Start a queued time unless somebody was faster; the job's row is locked."""
    if not models.Slot.objects.filter(pk=slot.pk, status=Status.QUEUED, due_at__lte=now).exists():
        return
    if slot.job.overlap != models.Job.Overlap.ALLOW and unfinished(slot.job_id).exists():
        slot.due_at = None  # that run's end gives it its turn again
    elif isinstance(start, IntegrationsError):
        slot.status, slot.reason, slot.due_at = Status.REFUSED, start.message, None
    else:
        _run_or_wait(slot, start, now=now)
    slot.save()
    if slot.status == Status.REFUSED:
        next_fire.give_back(slot.job, [slot.nominal_at], now=now)
        let_next_go(slot.job_id, now=now)
