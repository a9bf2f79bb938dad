"""Deletes what has expired besides runs: the ledger's old slots, cache entries, what nothing refers to any more."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations import conf, models
from integrations.runtime.retention.pace import Pace, delete, delete_in_batches

#: A worker that has not reported for so long comes back under another name, if at all.
_WORKER_SILENCE = dt.timedelta(days=1)
#: Counted from the last failure; as long as failed runs are kept without a rule.
_FAILURE_GROUP_REST = dt.timedelta(days=180)
#: Counted from its end; as long as other runs are kept without a rule.
_BULK_OPERATION_REST = dt.timedelta(days=90)
#: Releases as young as this may belong to a run that is about to be stored.
_RELEASE_REST = dt.timedelta(days=1)

#: Deletes rows of one kind, or some of them, at the given pace, and counts them there.
PruneStep = Callable[[Pace], None]


def steps(now: dt.datetime) -> Iterator[PruneStep]:
    """Yield what deletes rows that expire by themselves."""
    kinds: dict[str, QuerySet[Any]] = {
        "slots": slots(now),
        "workers": models.Worker.objects.filter(seen_at__lt=now - _WORKER_SILENCE),
        "sessions": Session.objects.filter(expire_date__lt=now),
    }
    for name, rows in kinds.items():
        yield _step(name, rows)
    yield _step("cache_entries", models.CacheEntry.objects.expired(now), how=_delete_unlocked)
    yield _step("start_keys", models.StartKey.objects.filter(expires_at__lte=now), how=_delete_unlocked)
    yield functools.partial(_delete_bulk_operations, now)


def steps_after_runs(now: dt.datetime) -> Iterator[PruneStep]:
    """Yield what deletes rows that expire once no run refers to them any more."""
    yield _step("releases", _releases(now))
    yield _step("failure_groups", _failure_groups(now), how=_delete_unlocked)


def slots(now: dt.datetime) -> QuerySet[models.Slot]:
    """Return the expired slots: recorded long enough ago, and not waiting to start.

    The ledger is complete from there on, so it does not matter whether the run of a slot still exists.
    """
    before = now - dt.timedelta(days=conf.slot_keep_days())
    # The nominal time finds them by its index; a slot that stands for many times is recorded at the last of them.
    old = models.Slot.objects.filter(nominal_at__lt=before, recorded_at__lt=before)
    return old.exclude(status=models.Slot.Status.QUEUED).order_by("nominal_at")


def _step(name: str, rows: QuerySet[Any], *, how: Callable[[QuerySet[Any]], int] = delete) -> PruneStep:
    def step(pace: Pace) -> None:
        pace.pruned.add(name, delete_in_batches(rows, pace, how=how))

    return step


def _releases(now: dt.datetime) -> QuerySet[models.Release]:
    """Return the releases that no run uses and no new run will: there is a later version of their feature."""
    later = models.FeatureVersion.objects.filter(
        feature=OuterRef("feature_version__feature"), number__gt=OuterRef("feature_version__number")
    )
    return models.Release.objects.filter(
        ~Exists(models.Run.objects.filter(release=OuterRef("pk"))),
        Q(feature_version=None) | Exists(later),
        created_at__lt=now - _RELEASE_REST,
    )


def _failure_groups(now: dt.datetime) -> QuerySet[models.FailureGroup]:
    """Return the groups whose runs are all deleted, without unresolved ones that have an assignee or a note."""
    old = models.FailureGroup.objects.filter(
        ~Exists(models.Run.objects.filter(failure_group=OuterRef("pk"))), last_seen__lt=now - _FAILURE_GROUP_REST
    )
    return old.filter(Q(resolved_at__isnull=False) | Q(assigned_to=None, note="")).order_by("last_seen")


def _delete_unlocked(rows: QuerySet[Any]) -> int:
    """Lock and delete these rows, without those that another process has locked.

    A run may fail the same way at this moment, or have locked one of them and wait for another one.
    """
    locked = list(rows.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
    return delete(rows.model.objects.filter(pk__in=locked))


def _delete_bulk_operations(now: dt.datetime, pace: Pace) -> None:
    """Delete operations that ended long ago; their items first, of which there may be a hundred thousand."""
    ended = models.BulkOperation.objects.filter(finished_at__lt=now - _BULK_OPERATION_REST)
    for operation in ended.only("pk"):
        delete_in_batches(operation.items.order_by("state", "pk"), pace)
    empty = ended.filter(~Exists(models.BulkItem.objects.filter(operation=OuterRef("pk"))))
    pace.pruned.add("bulk_operations", delete_in_batches(empty, pace))
