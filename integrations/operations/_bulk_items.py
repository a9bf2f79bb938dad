"""Carries out bulk operations: each run and the note that it is done in one transaction, so that none is done twice."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping

from django.db import DatabaseError, transaction
from django.db.models import F

from integrations import models
from integrations.actors import SYSTEM, Actor
from integrations.errors import Busy, IntegrationsError, PermissionRefused
from integrations.operations import replays, runs
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state

logger = logging.getLogger(__name__)


Kind = models.BulkOperation.Kind
State, Status = models.BulkItem.State, models.BulkOperation.Status


def is_held(kind: str) -> bool:
    """Return whether operations of a kind wait because dispatch is paused. Cancels do not: they start nothing."""
    return kind != Kind.CANCEL and dispatch_state.is_paused()


def work(*, seconds: float) -> bool:
    """Carry out what there is for so long at most, and return whether there is more to do at once."""
    until = time.monotonic() + seconds
    # Most times there is none, and then SQLite's one write lock is left to others.
    while models.BulkOperation.objects.unfinished().exists():
        if not _one() or time.monotonic() >= until:
            return time.monotonic() >= until
    return False


def _one() -> bool:
    """Carry out the next item that nobody else has in hand; return whether to go on at once."""
    with transaction.atomic():
        kinds = [kind for kind in Kind if not is_held(kind)]
        unfinished = {"operation__finished_at__isnull": True, "operation__kind__in": kinds}
        pending = models.BulkItem.objects.filter(state=State.PENDING, **unfinished)
        locked = pending.select_for_update(skip_locked=True, of=("self",)).select_related("operation__created_by")
        item = locked.order_by("operation", "id").first()
        return item is not None and _carry_out(item, item.operation)


def _carry_out(item: models.BulkItem, operation: models.BulkOperation) -> bool:
    by = _asker(operation)
    if by is None:
        _end(operation, Status.FAILED, "whoever asked for this is no longer a user")
        return True
    try:
        with transaction.atomic():
            result = _DOERS[operation.kind](_run(item, by), operation, by)
    except Busy:
        return False  # there will be room later
    except PermissionRefused as error:
        _end(operation, Status.FAILED, error.message)
        return True
    except IntegrationsError as error:
        _note(item, operation, state=State.FAILED, message=error.message)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("A bulk operation broke off", extra={"action": "bulk_item_broke_off", "run": str(item.run_id)})
        _note(item, operation, state=State.FAILED, message="a fault of the console; its log says more")
    else:
        _note(item, operation, state=State.DONE, result_id=result)
    return True


def _run(item: models.BulkItem, by: Actor) -> models.Run:
    return runs.fetch(run_id=str(item.run_id), by=by)


def _asker(operation: models.BulkOperation) -> Actor | None:
    """Return on whose behalf it is done, with the permissions that they have now."""
    return SYSTEM if operation.by_system else operation.created_by


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
        other_writes=options.get("writes", "again"),  # not there in those from before it was asked for
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
