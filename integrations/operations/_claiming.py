"""Who executes which run: claims, leases, and what becomes of runs whose worker is gone.

A claim raises the run's fence; what an earlier holder still wants to write is refused by its lower number. Leases go by
the database's clock.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F

from integrations import models
from integrations.operations import _database_time

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(seconds=20)
HEARTBEAT_SECONDS = 5.0
#: The crash that a run is not tried again after.
LAST_CRASH = 3

Status = models.Run.Status


def claim_due(*, worker: str, limit: int) -> list[models.Run]:
    """Return up to `limit` due runs, claimed for `worker`: those of higher priority first, then those due longest."""
    now = _database_time.now()
    due = models.Run.objects.due(now).order_by("-priority", "due_at")
    return _claim(due, worker=worker, limit=limit, now=now)


def claim_one(run_id: uuid.UUID, *, worker: str) -> models.Run | None:
    """Return this run, claimed for `worker`, also before it is due; None when it is not there to be claimed."""
    claimable = models.Run.objects.claimable().filter(pk=run_id)
    claimed = _claim(claimable, worker=worker, limit=1, now=_database_time.now())
    return claimed[0] if claimed else None


def _claim(runs: Any, *, worker: str, limit: int, now: dt.datetime) -> list[models.Run]:
    with transaction.atomic():
        claimed = list(runs.select_for_update(skip_locked=True, of=("self",)).with_release_digest()[:limit])
        if claimed:
            models.Run.objects.claim([run.pk for run in claimed], worker=worker, lease_until=now + LEASE, now=now)
    for run in claimed:
        run.status, run.worker, run.fence = Status.RUNNING, worker, run.fence + 1
    return claimed


def renew(held: Mapping[uuid.UUID, int], *, worker: str) -> set[uuid.UUID]:
    """Extend the leases of `held` (run id → fence), and return the runs that are no longer this worker's."""
    if not held:
        return set()
    mine = models.Run.objects.held_by(worker).filter(pk__in=held)
    mine.update(lease_until=_database_time.now() + LEASE)
    kept = {run_id for run_id, fence in mine.values_list("pk", "fence") if held[run_id] == fence}
    return set(held) - kept


def lost(held: Mapping[uuid.UUID, int]) -> set[uuid.UUID]:
    """Return which of `held` (run id → fence) are no longer held under that fence, and lock the others' rows.

    Called first in a transaction that writes for them: nobody can take them over until it is committed.
    """
    rows = models.Run.objects.filter(pk__in=held, status=Status.RUNNING).select_for_update(of=("self",))
    kept = {run_id for run_id, fence in rows.values_list("pk", "fence") if held[run_id] == fence}
    return set(held) - kept


def cancel_requested(run_ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Return which of these runs somebody wants to end."""
    wanted = models.Run.objects.filter(pk__in=run_ids, cancel_requested_at__isnull=False)
    return list(wanted.values_list("pk", flat=True))


def hand_back(run_ids: Collection[uuid.UUID], *, worker: str) -> None:
    """Put runs back into the queue that a stopping worker did not finish; that is no crash."""
    now = _database_time.now()
    for run_id in run_ids:
        held = models.Run.objects.held_by(worker)
        held.transition(run_id, from_=Status.RUNNING, to=Status.QUEUED, now=now, due_at=now)


@dataclass(frozen=True, slots=True)
class Swept:
    requeued: int = 0
    quarantined: int = 0
    cancelled: int = 0


def sweep() -> Swept:
    """Take runs back whose lease ran out: their worker crashed, hangs, or cannot reach the database."""
    now = _database_time.now()
    lost = models.Run.objects.filter(status=Status.RUNNING, lease_until__lt=now).order_by("lease_until")[:100]
    ends = [crashed(run, evidence=f"worker {run.worker} did not renew its lease", now=now) for run in lost]
    return Swept(ends.count(Status.QUEUED), ends.count(Status.QUARANTINED), ends.count(Status.CANCELLED))


def crashed(run: models.Run, *, evidence: str, now: dt.datetime) -> str | None:
    """Count a crash of the run as it was claimed; return its new status, or None when somebody else has taken it over.

    The third crash quarantines it: it takes its worker down each time, so no one else is to try it.
    """
    crash = {"at": now.isoformat(), "worker": run.worker, "what": evidence}
    changes: dict[str, Any] = {"crashes": F("crashes") + 1, "evidence": [*run.evidence, crash]}
    held = models.Run.objects.filter(fence=run.fence, crashes=run.crashes)
    if run.cancel_requested_at is not None:
        to = Status.CANCELLED
    elif run.crashes + 1 >= LAST_CRASH:
        to = Status.QUARANTINED
        changes |= {"error_code": "quarantined", "error_message": _quarantined(evidence)}
    else:
        to = Status.QUEUED
        changes |= {"due_at": now}
    if not held.transition(run.pk, from_=Status.RUNNING, to=to, now=now, **changes):
        return None
    logger.warning("Run lost its worker", extra={"action": "run_lost", "run": str(run.pk), "became": to})
    return to


def _quarantined(evidence: str) -> str:
    return f"the run took its worker down {LAST_CRASH} times, the last time: {evidence}"
