"""Starts, follows and stops bulk operations: retries, replays and cancels of many runs, carried out by workers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from integrations import models
from integrations.actors import SYSTEM, Actor, require, user_of
from integrations.definitions.run_filter import RunFilter
from integrations.errors import InvalidInput, NotFound, OperationRefused, Problem
from integrations.models.run_states import FINAL
from integrations.operations import _audit, _bulk_items, _free_text, _run_filters, workers
from integrations.operations.replays import BEGINNING, Choice, Version
from integrations.runtime.db import clock
from integrations.runtime.replays import choices
from integrations.types import JsonObject

Kind = models.BulkOperation.Kind
Status = models.Run.Status

#: More runs need a narrower filter, or several operations.
MOST_RUNS = 10_000
_BATCH = 1_000
#: How often a followed operation is read.
_LOOK_SECONDS = 0.2
_PERMISSIONS = {Kind.RETRY: "replay_run", Kind.REPLAY: "replay_run", Kind.CANCEL: "cancel_run"}
_RETRIED = sorted(FINAL - {Status.SUCCEEDED})


def fitting(kind: Kind, runs: QuerySet[models.Run]) -> QuerySet[models.Run]:
    """Return those of these runs that are in a state for the operation.

    A nested run is retried with the run above it and not by itself. Nor is a run retried that has a later attempt: that
    is the one to retry, if it failed.
    """
    if kind == Kind.CANCEL:
        return runs.filter(finished_at__isnull=True)
    runs = runs.filter(parent=None)
    if kind == Kind.REPLAY:
        return runs.filter(finished_at__isnull=False)
    later = models.Run.objects.filter(replay_of=OuterRef("pk"))
    return runs.filter(~Exists(later), status__in=_RETRIED)


def start(
    *,
    kind: Kind,
    runs: Any,
    by: Actor,
    reason: str,
    description: str = "",
    version: Version = "original",
    start: str = BEGINNING,
    writes: Choice = "again",
) -> models.BulkOperation:
    """Return a new operation on those of `runs`, a queryset, that it fits and `by` may see; a worker carries it out.

    `version` and `start` are those of a replay: see `replays.preview`. `writes` says whether calls that have
    changed something run again; what cannot be undone is reused either way.

    Raises:
        PermissionRefused
        InvalidInput: there is no reason, or no such choice.
        OperationRefused: there is nothing to do, or too much at once.
    """
    require(by, _PERMISSIONS[kind], to=f"{kind} runs")
    choices.check(version=version, start=start, writes={}, others=writes)
    if not reason.strip():
        raise InvalidInput([Problem("reason", "a reason is required")])
    chosen = fitting(kind, runs.visible_to(by)).order_by("pk").values_list("pk", "integration_id")
    found = dict(chosen[: MOST_RUNS + 1])
    _refuse_count(kind, len(found))
    integrations = models.Integration.objects.filter(pk__in=set(found.values()))
    reason, description = (_free_text.without_secrets(text, *integrations) for text in (reason, description))
    options = {"version": version, "start": start, "writes": writes} if kind == Kind.REPLAY else {}
    with transaction.atomic():
        operation = models.BulkOperation.objects.create(
            kind=kind,
            description=description,
            reason=reason,
            options=options,
            total=len(found),
            created_by=user_of(by),
            by_system=by is SYSTEM,
        )
        items = (models.BulkItem(operation=operation, run_id=run_id) for run_id in found)
        models.BulkItem.objects.bulk_create(items, batch_size=_BATCH)
        what = f"{len(found)} runs: {description or 'by their ids'}"
        _audit.write(
            f"bulk {kind}", kind="bulk operation", tag=str(operation.pk), by=by, after={"runs": what}, reason=reason
        )
    return operation


def start_matching(
    *, kind: Kind, integration: models.Integration, filter: JsonObject, by: Actor, reason: str, **options: Any
) -> models.BulkOperation:
    """Return a new operation on the runs of the integration that match a `RunFilter`.

    `options` and errors are those of `start`, and:

    Raises:
        DefinitionError: the filter has a field that runs do not have.
        NotFound: it names a feature, an environment or a job that does not exist.
    """
    runs, in_words = _matching(kind, integration, filter, by)
    return start(kind=kind, runs=runs, by=by, reason=reason, description=in_words, **options)


def count_matching(*, kind: Kind, integration: models.Integration, filter: JsonObject, by: Actor) -> tuple[int, int]:
    """Return how many runs match a filter, and how many of them are in a state for it. Raises as `start_matching`."""
    runs, _ = _matching(kind, integration, filter, by)
    return runs.count(), fitting(kind, runs).count()


def fetch(*, operation_id: str, by: Actor) -> models.BulkOperation:
    """Return one of the operations that `by` may see, which are their own.

    Raises:
        NotFound
    """
    try:
        return models.BulkOperation.objects.visible_to(by).get(pk=operation_id)
    except (models.BulkOperation.DoesNotExist, ValidationError):
        raise NotFound("bulk operation", operation_id) from None


def follow(
    operation: models.BulkOperation, *, on_progress: Callable[[models.BulkOperation], object]
) -> models.BulkOperation:
    """Return the operation once it has ended, reporting its progress whenever that has changed.

    Where no worker is alive to carry it out, this process does; neither does while it `is_on_hold`.
    """
    reported = None
    while True:
        operation.refresh_from_db()
        if reported != (reported := (operation.done, operation.failed)):
            on_progress(operation)
        if operation.finished_at:
            return operation
        if workers.is_worker_there() or not work(seconds=_LOOK_SECONDS):
            time.sleep(_LOOK_SECONDS)


def refusals(operation: models.BulkOperation) -> list[tuple[str, int]]:
    """Return why runs were left as they are, with how many of each reason, the most frequent first."""
    failed = operation.items.filter(state=models.BulkItem.State.FAILED)
    counted = failed.values("message").annotate(count=Count("pk")).order_by("-count", "message")
    return [(each["message"], each["count"]) for each in counted]


def stop(operation: models.BulkOperation, *, by: Actor) -> models.BulkOperation:
    """Stop an operation; its remaining runs are left as they are.

    Raises:
        OperationRefused: it has ended.
    """
    require(by, _PERMISSIONS[Kind(operation.kind)], to=f"stop this {operation.kind}")
    with transaction.atomic():
        unfinished = models.BulkOperation.objects.unfinished().filter(pk=operation.pk)
        ended = {"status": models.BulkOperation.Status.CANCELLED, "finished_at": clock.now()}
        if not unfinished.update(message=f"stopped by {by}", **ended):
            raise OperationRefused("this operation has already ended")
        _audit.write("stop", kind="bulk operation", tag=str(operation.pk), by=by)
    operation.refresh_from_db()
    return operation


def work(*, seconds: float) -> bool:
    """Carry out pending items for so long at most, and return whether there is more."""
    return _bulk_items.work(seconds=seconds)


#: Return whether operations of a kind wait because dispatch is paused; cancels never do.
is_on_hold = _bulk_items.is_on_hold


def _matching(
    kind: Kind, integration: models.Integration, filter: JsonObject, by: Actor
) -> tuple[QuerySet[models.Run], str]:
    """Return the runs that match a filter, in whatever state they are, and the filter in words."""
    require(by, _PERMISSIONS[kind], to=f"{kind} runs")
    run_filter = RunFilter.parse(filter)
    runs = _run_filters.matching(run_filter, integration=integration, by=by)
    in_words = f"{integration.tag}, {run_filter}"
    if not runs.exists():
        raise OperationRefused(f"no run matches: {in_words}")
    return runs, in_words


def _refuse_count(kind: Kind, count: int) -> None:
    if not count:
        raise OperationRefused(f"there is nothing to {kind}: none of these runs is in a state for it")
    if count > MOST_RUNS:
        raise OperationRefused(f"more than {MOST_RUNS:,} runs match; narrow the filter")
