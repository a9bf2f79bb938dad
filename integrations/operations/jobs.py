"""Jobs of an integration: what they are, when they fire, and running them by hand."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db import transaction

from integrations import conf, models
from integrations.actors import Actor, require
from integrations.definitions import checking
from integrations.definitions.contents import Contents
from integrations.definitions.job import Job, Schedule
from integrations.definitions.schedules import check_ahead, check_schedule, next_times
from integrations.errors import DefinitionError, IntegrationsError, Problem
from integrations.models.job import JobQuerySet
from integrations.operations import _audit, _free_text, environments, runs, workers
from integrations.operations.saving.store import Store
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.execution import in_process
from integrations.runtime.execution.driver import OnStep
from integrations.runtime.schedules import firing, job_starts, next_fire
from integrations.types import JsonObject

_PREVIEWED = 5
#: How many missed times `run_all` makes up for.
MOST_MADE_UP = firing.MOST_MADE_UP
#: How many jobs `run_due` looks at at a time.
_AT_ONCE = 50


class JobStore(Store[models.Job, Job]):
    model = models.Job
    shape = Job
    kind = "job"
    collection = "jobs"

    def check(self, definition: Job, contents: Contents) -> list[Problem]:
        return [*checking.check_job(definition, contents), *job_starts.oversize(definition)]

    def save(
        self, *, row: models.Job, definition: Job, by: Actor, reason: str = "", publish: bool = False
    ) -> models.Job:
        kept = _with_kept_target(row, definition)
        return super().save(row=row, definition=kept, by=by, reason=reason, publish=publish)

    def problems(self, *, row: models.Job, definition: Job) -> list[Problem]:
        definition = _with_kept_target(row, definition)
        found = super().problems(row=row, definition=definition)
        if found or definition.schedule is None:  # run by hand, it says what is wrong to whoever runs it
            return found
        return [*self._schedule_problems(row, definition), *job_starts.refusals(row.integration, definition)]

    def write(self, row: models.Job, definition: Job) -> None:
        if row.pk is not None:  # schedulers change these, and saving writes every column
            row.refresh_from_db(fields=next_fire.COLUMNS, from_queryset=models.Job.objects.select_for_update())
        before = next_fire.Planned.of(row)
        super().write(row, definition)
        next_fire.replan(row, before, now=clock.now())

    def _schedule_problems(self, row: models.Job, definition: Job) -> list[Problem]:
        """Return why a new or changed schedule is at its end already; one that has come to it may stay as it is."""
        before = row.to_definition().schedule if row.pk else None
        if definition.schedule is None or definition.schedule == before:
            return []
        now = clock.now()
        place = f"{self.place_of(definition.tag)}/schedule"
        return check_ahead(definition.schedule, anchor=row.created_at if row.pk else now, now=now, place=place)


def _with_kept_target(row: models.Job, definition: Job) -> Job:
    """Let a job that runs the feature of its own tag go on with that one when only its tag changes."""
    before = row.to_definition() if row.pk else None
    if before is None or before.tag == definition.tag or (before.target, definition.target) != (None, None):
        return definition
    if not models.Feature.objects.for_integration(row.integration).filter(tag=before.tag).exists():
        return definition  # it runs nothing yet
    return definition.model_copy(update={"target": before.own_target})


store = JobStore()
create, update, save, delete = store.create, store.update, store.save, store.delete
fetch, fetch_all = store.fetch, store.fetch_all


# Running by hand


def run(
    *,
    job: models.Job,
    by: Actor,
    trigger: models.Run.Trigger,
    input: JsonObject | None = None,
    env: str | None = None,
) -> models.Run:
    """Return a new queued run of the job, with its own input and in its own environment unless others are given.

    The schedule takes no notice of it: neither its next time nor its limit nor what overlaps changes.

    Raises:
        PermissionRefused
        IntegrationsError: why it cannot run now.
    """
    require(by, "run_job", to="run jobs")
    environment = None if env is None else environments.fetch(integration=job.integration, tag=env, by=by)
    start = job_starts.prepare(job, environment=environment, input=input)
    with transaction.atomic():
        started = job_starts.write(start, by=by, trigger=trigger, now=clock.now())
        where = f"{job.tag} in {start.environment.slug}"
        _audit.write("start", kind="run", tag=str(started.pk), by=by, integration=job.integration, reason=where)
    return started


def execute(started: models.Run, *, on_step: OnStep | None = None) -> models.Run:
    """Execute a run that was just started to its end; while dispatch is paused it is returned queued, at once."""
    if started.is_final or dispatch_state.is_paused():
        return started
    return runs.execute(started, on_step=on_step)


def request(
    *,
    job: models.Job,
    by: Actor,
    trigger: models.Run.Trigger,
    input: JsonObject | None = None,
    env: str | None = None,
) -> models.Run:
    """Run the job now, as `run` does: by a worker where one is there, else in this process. Raises what `run` does.

    For callers that follow the run by its id: it may have just begun, or be waiting, when this returns.
    """
    return _executed_here(run(job=job, by=by, trigger=trigger, input=input, env=env))


def request_all(
    *, jobs: Iterable[models.Job], by: Actor, trigger: models.Run.Trigger
) -> tuple[list[models.Run], list[tuple[models.Job, IntegrationsError]]]:
    """Run each of the jobs now, as `request` does; return the runs, and the jobs that cannot run with the reasons.

    Not to be called within a transaction: what is executed here calls the outside.

    Raises:
        PermissionRefused
    """
    require(by, "run_job", to="run jobs")
    started, refused = [], []
    for job in jobs:
        try:
            started.append(run(job=job, by=by, trigger=trigger))
        except IntegrationsError as error:
            refused.append((job, error))
    return [_executed_here(each) for each in started], refused


def _executed_here(started: models.Run) -> models.Run:
    """Execute a run that was just started, unless a worker is there to."""
    if started.is_final or dispatch_state.is_paused() or workers.is_worker_there():
        return started
    return in_process.execute(started, on_step=None, patience_seconds=conf.PAGE_PATIENCE_SECONDS)


def run_due(*, integration: models.Integration, by: Actor) -> list[models.Run]:
    """Execute all that is due of the integration's schedules and not held, and return the runs in that order.

    That is what fires now, retries that are due, and what waits for such a run to end, one after the other. Workers do
    the same by themselves; this is for installations that have none at the moment.

    Raises:
        OperationRefused: dispatch is paused.
    """
    require(by, "run_job", to="run jobs")
    dispatch_state.require_on()
    now, jobs = clock.now(), models.Job.objects.for_integration(integration)
    next_fire.plan_unplanned(now=now)
    # Once: what comes due while this executes is the next call's, or this would not end.
    while firing.fire_due(now=now, limit=_AT_ONCE, among=jobs) == _AT_ONCE:
        pass
    executed: dict[uuid.UUID, models.Run] = {}
    while new := [run for run in _next_runs(jobs, now) if run.pk not in executed]:
        executed |= {run.pk: execute(run) for run in new}
        now = clock.now()
    return list(executed.values())


def _next_runs(jobs: JobQuerySet, now: dt.datetime) -> list[models.Run]:
    """Start what waits for its turn, and return the runs of these jobs' schedules that are to be executed now."""
    if dispatch_state.is_paused():
        return []
    firing.let_overlooked_go(now=now, among=jobs)
    while firing.start_queued(now=now, among=jobs):
        pass
    runs = models.Run.objects.filter(job__in=jobs, nominal_at__isnull=False)
    due = runs.due(now).exclude(pk__in=runs.unfinished().on_hold())
    # What was just started may be in a worker's hands already.
    return list((due | runs.filter(created_at=now)).order_by("due_at", "pk"))


# Holding and going on


def pause(*, jobs: Iterable[models.Job], by: Actor, reason: str = "") -> int:
    """Let none of these jobs' schedules fire until they are resumed; return how many were not paused yet.

    What is running goes on to its end; what waits for it waits until the job is resumed.
    """
    return _set_paused(jobs, True, by=by, reason=reason)


def resume(*, jobs: Iterable[models.Job], by: Actor, reason: str = "") -> int:
    """Let the schedules of these jobs fire again, from now on; return how many were paused.

    The times that have passed meanwhile are written down as skipped.
    """
    return _set_paused(jobs, False, by=by, reason=reason)


def reschedule(*, job: models.Job, schedule: JsonObject | None, by: Actor) -> models.Job:
    """Give the job another schedule, or none.

    Raises:
        DefinitionError: it can never fire, with the places.
    """
    return store.update(integration=job.integration, tag=job.tag, changes={"schedule": schedule}, by=by)


def history(*, job: models.Job, by: Actor, limit: int = 100) -> list[models.Run]:
    """Return the job's latest runs, the newest first: those of its schedule, their retries and those by hand."""
    require(by, "view_run", to="see runs")
    runs = models.Run.objects.visible_to(by).filter(job=job).select_related("environment", "feature", "created_by")
    return list(runs.defer("input", "output", "evidence").order_by("-created_at")[:limit])


# Looking ahead


def preview(*, schedule: JsonObject, job: models.Job | None = None, count: int = _PREVIEWED) -> list[dt.datetime]:
    """Return the next times of a schedule that need not be saved, in UTC; of one that the job has, those that come.

    Raises:
        DefinitionError: with what is wrong with it, at places below `schedule`.
    """
    parsed = Schedule.parse(schedule, place="schedule")
    problems = check_schedule(parsed, place="schedule")
    if problems:
        raise DefinitionError(problems)
    if job is not None and _has(job, parsed):
        return coming(job=job, count=count)
    now = clock.now()
    anchor = (job.created_at if job is not None else now).replace(microsecond=0)
    return next_times(parsed, anchor=anchor, after=now, count=count, left=parsed.limit)


def coming(*, job: models.Job, count: int = _PREVIEWED) -> list[dt.datetime]:
    """Return the job's next times; none while it is held, or when it has come to an end."""
    timetable = job.timetable()
    if timetable is None or job.next_at is None:
        return []
    now, left, before = clock.now(), next_fire.left(job, timetable), job.next_at - next_fire.INSTANT
    if left is not None:  # what is due uses the limit up, too
        left -= timetable.count(after=before, until=now, most=min(left, next_fire.MOST_COUNTED))
    return next_times(timetable.schedule, anchor=timetable.anchor, after=max(before, now), count=count, left=left)


def _has(job: models.Job, schedule: Schedule) -> bool:
    """Return whether the job's schedule is this one, which it goes on with when it is saved."""
    try:
        return job.schedule is not None and Schedule.parse(job.schedule) == schedule
    except DefinitionError:  # its page says what cannot be read
        return False


def problems(*, job: models.Job) -> list[Problem]:
    """Return why the job could not be saved as it is, or not be started by its schedule, by now."""
    try:
        found = store.problems(row=job, definition=job.to_definition())
    except DefinitionError as error:  # what is stored has no longer the shape of a job
        return list(error.problems)
    return found if found or job.schedule is None else job_starts.obstacles(job)


def standstill(job: models.Job) -> str:
    """Return why the job's schedule does not fire, in a word or two; "" when it does or there is none."""
    if job.schedule is None or job.next_at is not None:
        return ""
    if job.paused:
        return "paused"
    if job.held_from is not None:
        return "frozen"
    return "broken" if _is_broken(job) else "ended"


def _is_broken(job: models.Job) -> bool:
    """Return whether the stored schedule cannot be read any more, such as after a zone was given up."""
    try:
        return bool(check_schedule(Schedule.parse(job.schedule), place="schedule"))
    except DefinitionError:
        return True


def _set_paused(jobs: Iterable[models.Job], paused: bool, *, by: Actor, reason: str) -> int:
    require(by, "pause_job", to="pause and resume jobs")
    rows = models.Job.objects.filter(pk__in=[job.pk for job in jobs], paused=not paused)
    with transaction.atomic():
        # Those that are to fire first go on first.
        held = list(rows.select_related("integration").select_for_update(of=("self",)).order_by("held_from", "pk"))
        for job in held:
            before = next_fire.Planned.of(job)
            job.paused = paused
            job.save(update_fields=["paused", "updated_at"])
            next_fire.replan(job, before, now=clock.now())
            _audit.write(
                "pause" if paused else "resume",
                kind="job",
                tag=job.tag,
                by=by,
                integration=job.integration,
                before={"paused": not paused},
                after={"paused": paused},
                reason=_free_text.without_secrets(reason, job.integration),
            )
        for integration in {job.integration for job in held}:
            integration.touch()
    return len(held)
