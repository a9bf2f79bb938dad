"""Runs that start runs: when a nested one ends, the one above goes on; when the one above fails, so do those below."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db import connection
from django.db.models import Q

from integrations import models
from integrations.engine.records import RunError
from integrations.runtime.dispatch import announcing
from integrations.runtime.schedules import job_ends

Status = models.Run.Status
StepStatus = models.Step.Status
_WITHOUT_HOLDER = (Status.SCHEDULED, Status.QUEUED, Status.WAITING)
#: What becomes the reason of a step that had not ended when its run did, by how that ended.
_WHY_STEPS_END: dict[str, str] = {
    Status.SUCCEEDED: "the run went on without it",
    Status.FAILED: "the run had failed",
    Status.CANCELLED: "the run was cancelled",
    Status.QUARANTINED: "the run was quarantined",
}


def ended(run: models.Run, *, status: str, now: dt.datetime, leaves_steps: bool = False) -> None:
    """Tell a run's family that it has ended; called by whoever writes a final status, in the same transaction.

    A run that has succeeded has no unfinished step, unless it `leaves_steps`.
    """
    if run.parent_id is not None:
        wake(run.parent_id, now=now)
    job_ends.ended(run, status=status, now=now)
    if status != Status.SUCCEEDED or leaves_steps:
        _end_steps(run.pk, reason=_WHY_STEPS_END[status], now=now)
        _cancel_nested(run.pk, now=now)


def lock(run_ids: Iterable[uuid.UUID | None]) -> None:
    """Lock runs in the order of their ids, so that nobody waits for each other; called first in a transaction.

    A run is older, and so is its id, than those that it starts. Whoever writes for a run writes for the one above, too.
    """
    chosen = [run_id for run_id in run_ids if run_id is not None]
    # SQLite locks all there is or nothing.
    if connection.vendor == "postgresql":
        list(models.Run.objects.filter(pk__in=chosen).order_by("pk").select_for_update().values_list("pk"))


def wake(run_id: uuid.UUID, *, now: dt.datetime) -> None:
    """Let a run go on, since what it waits for has happened; called in the transaction in which that is written."""
    models.Run.objects.wake(run_id, now=now)
    announcing.announce([run_id])


def parked(runs: Iterable[models.Run], *, now: dt.datetime) -> None:
    """Let those go on that were woken on their way to being parked, and end those that are to be cancelled."""
    run_ids = [run.pk for run in runs]
    if not run_ids:
        return
    called = models.Run.objects.filter(pk__in=run_ids).filter(Q(woken=True) | Q(cancel_requested_at__isnull=False))
    for run_id, cancel_requested_at in called.values_list("pk", "cancel_requested_at"):
        if cancel_requested_at is None:
            wake(run_id, now=now)
        else:
            _cancel(run_id, now=now)


def fail_nested(run_id: uuid.UUID, error: RunError, *, now: dt.datetime) -> bool:
    """Let the runs below a failed one fail, too, and undo what they have done; return whether any has still to end.

    Called in a transaction that has the run locked. One that has failed by itself is undone already.
    """
    nested_ids = list(models.Run.objects.unfinished().filter(parent=run_id).order_by("pk").values_list("pk", flat=True))
    lock(nested_ids)
    for nested_id in nested_ids:
        if models.Run.objects.fail(nested_id, code=error.code, message=error.message, place=error.place):
            wake(nested_id, now=now)
    return bool(nested_ids)


def cancel(run_id: uuid.UUID, *, now: dt.datetime) -> bool:
    """End a run, or ask its holder to, and all that it has started; return False when it has ended already.

    Called in a transaction: the mark comes first, and its lock keeps the run from being parked in between.
    """
    lock(_family(run_id))
    return _cancel(run_id, now=now)


def cancel_marked(run_ids: Iterable[uuid.UUID], *, now: dt.datetime) -> None:
    """End those that are to be cancelled of these runs, which their holder has just let go of."""
    marked = models.Run.objects.unfinished().filter(pk__in=list(run_ids), cancel_requested_at__isnull=False)
    for run_id in marked.values_list("pk", flat=True):
        _cancel(run_id, now=now)


def _family(run_id: uuid.UUID) -> set[uuid.UUID | None]:
    """Return the run, the one above it, and all that go on below it."""
    above = models.Run.objects.filter(pk=run_id).values_list("parent", flat=True)
    return {run_id, *above, *below([run_id])}


def below(run_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return all that go on below these runs."""
    found, all_found = set(run_ids), set[uuid.UUID]()
    while found:
        found = set(models.Run.objects.unfinished().filter(parent__in=found).values_list("pk", flat=True))
        all_found |= found
    return all_found


def _cancel(run_id: uuid.UUID, *, now: dt.datetime) -> bool:
    if not models.Run.objects.unfinished().filter(pk=run_id).update(cancel_requested_at=now):
        return False
    if models.Run.objects.transition(run_id, from_=_WITHOUT_HOLDER, to=Status.CANCELLED, now=now):
        run = models.Run.objects.only("parent_id", "job_id", "nominal_at").get(pk=run_id)
        ended(run, status=Status.CANCELLED, now=now)
    else:
        _cancel_nested(run_id, now=now)
    return True


def _end_steps(run_id: uuid.UUID, *, reason: str, now: dt.datetime) -> None:
    """Let no step of a run that has ended wait or run on: nobody executes it any more who would say how it ended."""
    unfinished = models.Step.objects.filter(run=run_id, status__in=(StepStatus.RUNNING, StepStatus.WAITING))
    unfinished.update(status=StepStatus.CANCELLED, reason=reason, finished_at=now, due_at=None)


def _cancel_nested(run_id: uuid.UUID, *, now: dt.datetime) -> None:
    for nested_id in models.Run.objects.unfinished().filter(parent=run_id).values_list("pk", flat=True):
        _cancel(nested_id, now=now)
