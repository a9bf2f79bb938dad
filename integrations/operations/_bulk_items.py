"""Carries out bulk operations: each run and the note that it is done in one transaction, so that none is done twice."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping

from django.db import transaction
from django.db.models import F

from integrations import models
from integrations.actors import SYSTEM, Actor
from integrations.errors import Busy, IntegrationsError, PermissionRefused
from integrations.operations import replays, runs
from integrations.runtime.containment import INTERNAL_ERROR, contained
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state

Kind = models.BulkOperation.Kind
State, Status = models.BulkItem.State, models.BulkOperation.Status


def is_on_hold(kind: str) -> bool:
    """Return whether operations of a kind wait because dispatch is paused. Cancels do not: they start nothing."""
    return kind != Kind.CANCEL and dispatch_state.is_paused()


def work(*, seconds: float) -> bool:
    """Carry out pending items for so long at most, and return whether there is more to do at once."""
    until = time.monotonic() + seconds
    # Most times there is none, and then SQLite's one write lock is left to others.
    while models.BulkOperation.objects.unfinished().exists():
        if not _one() or time.monotonic() >= until:
            return time.monotonic() >= until
    return False


def _one() -> bool:
    """Carry out the next item that no other worker has locked; return whether to continue at once."""
    with transaction.atomic():
        kinds = [kind for kind in Kind if not is_on_hold(kind)]
        unfinished = {"operation__finished_at__isnull": True, "operation__kind__in": kinds}
        pending = models.BulkItem.objects.filter(state=State.PENDING, **unfinished)
        locked = pending.select_for_update(skip_locked=True, of=("self",)).select_related("operation__created_by")
        item = locked.order_by("operation", "id").first()
        return item is not None and _carry_out(item, item.operation)


def _carry_out(item: models.BulkItem, operation: models.BulkOperation) -> bool:
    # With the permissions that the user has now.
    by: Actor | None = SYSTEM if operation.by_system else operation.created_by
    if by is None:
        _end(operation, Status.FAILED, "the user who started this no longer exists")
        return True
    message, result_id = INTERNAL_ERROR, None
    with contained("An item of a bulk operation failed", action="bulk_item_failed", run=str(item.run_id)):
        try:
            with transaction.atomic():
                run = runs.fetch(run_id=str(item.run_id), by=by)
                result_id = _DOERS[operation.kind](run, operation, by)
            message = ""
        except Busy:
            return False  # there will be room later
        except PermissionRefused as error:
            _end(operation, Status.FAILED, error.message)
            return True
        except IntegrationsError as error:
            message = error.message
    _note(item, operation, state=State.FAILED if message else State.DONE, message=message, result_id=result_id)
    return True


def _retry(run: models.Run, operation: models.BulkOperation, by: Actor) -> uuid.UUID:
    return replays.retry(run, by=by, reason=operation.reason).pk


def _replay(run: models.Run, operation: models.BulkOperation, by: Actor) -> uuid.UUID:
    options = operation.options
    replay = replays.replay(
        run,
        by=by,
        reason=operation.reason,
        version=options["version"],
        start=options["start"],
        other_writes=options.get("writes", "again"),  # missing in operations from before it was a choice
    )
    return replay.pk


def _cancel(run: models.Run, operation: models.BulkOperation, by: Actor) -> None:
    # The run above it is older, so a nested one most times has been cancelled with that already.
    if run.parent_id is None or run.status != models.Run.Status.CANCELLED:
        runs.cancel(run=run, by=by, reason=operation.reason)


_DOERS: Mapping[str, Callable[[models.Run, models.BulkOperation, Actor], uuid.UUID | None]] = {
    "retry": _retry,
    "replay": _replay,
    "cancel": _cancel,
}


def _note(
    item: models.BulkItem,
    operation: models.BulkOperation,
    *,
    state: models.BulkItem.State,
    message: str = "",
    result_id: uuid.UUID | None = None,
) -> None:
    models.BulkItem.objects.filter(pk=item.pk).update(state=state, message=message, result_id=result_id)
    counted = "done" if state == State.DONE else "failed"
    models.BulkOperation.objects.filter(pk=operation.pk).update(**{counted: F(counted) + 1})
    operation.refresh_from_db(fields=["done", "failed"])
    if operation.left:
        return
    if operation.done:
        _end(operation, Status.SUCCEEDED, "")
    else:
        _end(operation, Status.FAILED, f"nothing was done: each of the {operation.total} runs was refused")


def _end(operation: models.BulkOperation, status: models.BulkOperation.Status, message: str) -> None:
    unfinished = models.BulkOperation.objects.unfinished().filter(pk=operation.pk)
    unfinished.update(status=status, message=message, finished_at=clock.now())
