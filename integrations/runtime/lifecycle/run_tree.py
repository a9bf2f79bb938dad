"""Wakes, fails and cancels runs that start runs, and the nested runs that they have started."""

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
_NOT_LEASED = (Status.SCHEDULED, Status.QUEUED, Status.WAITING)
#: The reason of a step that had not ended when its run did, by the run's status.
_WHY_STEPS_END: dict[str, str] = {
    Status.SUCCEEDED: "the run went on without it",
    Status.FAILED: "the run had failed",
    Status.CANCELLED: "the run was cancelled",
    Status.QUARANTINED: "the run was quarantined",
}


def ended(run: models.Run, *, status: str, now: dt.datetime, leaves_steps: bool = False) -> None:
    """Wake the run above a run that has ended, and cancel what it leaves; in the transaction that writes its status.

    A run that has succeeded has no unfinished step, unless it `leaves_steps`.
    """
    if run.parent_id is not None:
        wake(run.parent_id, now=now)
    job_ends.ended(run, status=status, now=now)
    if status != Status.SUCCEEDED or leaves_steps:
        # No worker executes its steps any more that could store how they end.
        unfinished = models.Step.objects.filter(run=run.pk, status__in=(StepStatus.RUNNING, StepStatus.WAITING))
        unfinished.update(status=StepStatus.CANCELLED, reason=_WHY_STEPS_END[status], finished_at=now, due_at=None)
        _cancel_nested(run.pk, now=now)


def lock(run_ids: Iterable[uuid.UUID | None]) -> None:
    """Lock runs in the order of their ids, so that no two processes wait for each other; first in a transaction.

    A run is older, and so is its id, than those that it starts. What writes for a run writes for the one above, too.
    """
    chosen = [run_id for run_id in run_ids if run_id is not None]
    # SQLite locks the whole database or nothing.
    if connection.vendor == "postgresql":
        list(models.Run.objects.filter(pk__in=chosen).order_by("pk").select_for_update().values_list("pk"))


def wake(run_id: uuid.UUID, *, now: dt.datetime) -> None:
    """Resume a run, since what it waits for has happened; called in the transaction that writes that."""
    models.Run.objects.wake(run_id, now=now)
    announcing.announce([run_id])


def parked(runs: Iterable[models.Run], *, now: dt.datetime) -> None:
    """Resume runs that were woken before they were parked, and cancel those that are to be cancelled."""
    run_ids = [run.pk for run in runs]
    if not run_ids:
        return
    marked = models.Run.objects.filter(pk__in=run_ids).filter(Q(woken=True) | Q(cancel_requested_at__isnull=False))
    for run_id, cancel_requested_at in marked.values_list("pk", "cancel_requested_at"):
        if cancel_requested_at is None:
            wake(run_id, now=now)
        else:
            _cancel(run_id, now=now)


def fail_nested(run_id: uuid.UUID, error: RunError, *, now: dt.datetime) -> bool:
    """Fail the nested runs of a failed run, so that they are undone; return whether any of them has not ended.

    Called in a transaction that has the run locked. One that has failed by itself is being undone already.
    """
    nested_ids = list(models.Run.objects.unfinished().filter(parent=run_id).order_by("pk").values_list("pk", flat=True))
    lock(nested_ids)
    for nested_id in nested_ids:
        if models.Run.objects.fail(nested_id, code=error.code, message=error.message, place=error.place):
            wake(nested_id, now=now)
    return bool(nested_ids)


def cancel(run_id: uuid.UUID, *, now: dt.datetime) -> bool:
    """Cancel a run, or ask its worker to, and all that it has started; return False when it has ended already.

    Called in a transaction: the mark comes first, and its lock keeps the run from being parked in between.
    """
    above = models.Run.objects.filter(pk=run_id).values_list("parent", flat=True)
    lock({run_id, *above, *unfinished_below([run_id])})
    return _cancel(run_id, now=now)


def cancel_marked(run_ids: Iterable[uuid.UUID], *, now: dt.datetime) -> None:
    """Cancel those of these runs that are to be cancelled; their worker has just released them."""
    marked = models.Run.objects.unfinished().filter(pk__in=list(run_ids), cancel_requested_at__isnull=False)
    for run_id in marked.values_list("pk", flat=True):
        _cancel(run_id, now=now)


def unfinished_below(run_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return all unfinished runs that are nested in these, directly or through others."""
    found, all_found = set(run_ids), set[uuid.UUID]()
    while found:
        found = set(models.Run.objects.unfinished().filter(parent__in=found).values_list("pk", flat=True))
        all_found |= found
    return all_found


def _cancel(run_id: uuid.UUID, *, now: dt.datetime) -> bool:
    if not models.Run.objects.unfinished().filter(pk=run_id).update(cancel_requested_at=now):
        return False
    if models.Run.objects.transition(run_id, from_=_NOT_LEASED, to=Status.CANCELLED, now=now):
        run = models.Run.objects.only("parent_id", "job_id", "nominal_at").get(pk=run_id)
        ended(run, status=Status.CANCELLED, now=now)
    else:
        _cancel_nested(run_id, now=now)
    return True


def _cancel_nested(run_id: uuid.UUID, *, now: dt.datetime) -> None:
    for nested_id in models.Run.objects.unfinished().filter(parent=run_id).values_list("pk", flat=True):
        _cancel(nested_id, now=now)
