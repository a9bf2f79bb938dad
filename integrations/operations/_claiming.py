"""Who executes which run: claims, leases, and what becomes of runs whose worker is gone.

A claim raises the run's fence; what an earlier holder still wants to write is refused by its lower number. Leases go by
the database's clock.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F

from integrations import conf, models
from integrations.models import run_queue
from integrations.operations import (
    _database_time,
    _dispatch_state,
    _failures,
    _families,
    _lanes,
    _suspects,
    _turns,
    _write_turns,
)

logger = logging.getLogger(__name__)

#: How often a lease is renewed at least; four times before it runs out.
_LONGEST_HEARTBEAT_SECONDS = 5.0
#: The crash that a run is not tried again after.
LAST_CRASH = 3
#: A message that has not arrived after this long may be lost: the broker was down, or forgot it.
_MESSAGE_LATE = dt.timedelta(seconds=2)

Status = models.Run.Status


def heartbeat_seconds() -> float:
    return min(conf.lease_seconds() / 4, _LONGEST_HEARTBEAT_SECONDS)


def _lease_end() -> dt.datetime:
    """Return how long a lease lasts that is written now, in a transaction: on SQLite that may have waited to begin."""
    return _database_time.now() + dt.timedelta(seconds=conf.lease_seconds())


def claim_due(*, worker: str, limit: int) -> list[models.Run]:
    """Return up to `limit` due runs, claimed for `worker`: integrations take turns, see `_turns`."""
    return _claim_in_turn(run_queue.Due(now=_database_time.now()), worker=worker, limit=limit)


def claim_one(run_id: uuid.UUID, *, worker: str) -> models.Run | None:
    """Return this run, claimed for `worker`, also before it is due; None when it, or room in its lane, is not there."""
    claimable = models.Run.objects.claimable().filter(pk=run_id)
    claimed = _claim(claimable, worker=worker, limit=1, now=_database_time.now())
    return claimed[0] if claimed else None


def claim_announced(run_ids: Collection[uuid.UUID], *, worker: str) -> list[models.Run]:
    """Return those of these runs that are due and nobody has taken up, claimed for `worker`."""
    now = _database_time.now()
    due = models.Run.objects.due(now).filter(pk__in=run_ids)
    return _claim(due, worker=worker, limit=len(run_ids), now=now)


def claim_overlooked(*, worker: str, limit: int) -> list[models.Run]:
    """Return up to `limit` due runs that no message will come for or that one is late for, claimed for `worker`."""
    now = _database_time.now()
    return _claim_in_turn(run_queue.Due(now=now, late=now - _MESSAGE_LATE), worker=worker, limit=limit)


def _claim_in_turn(due: run_queue.Due, *, worker: str, limit: int) -> list[models.Run]:
    lines = run_queue.lines(due)
    # Most times there is none, and then SQLite's one write lock is left to others.
    if not lines or _dispatch_state.is_paused():
        return []
    with _write_turns.writing():
        turns = {run_id: turn for turn, run_id in enumerate(_turns.next_due(lines, due, limit=limit))}
        runs = models.Run.objects.claimable().filter(pk__in=turns)
        return _claim(runs, worker=worker, limit=limit, now=due.now, order=lambda run: turns[run.pk])


def _claim(
    runs: Any, *, worker: str, limit: int, now: dt.datetime, order: Callable[[models.Run], Any] | None = None
) -> list[models.Run]:
    if _dispatch_state.is_paused():
        return []
    with transaction.atomic():
        found = list(runs.select_for_update(skip_locked=True, of=("self",)).with_release_digest()[:limit])
        tried = _suspects.admitted(sorted(found, key=order) if order else found, worker=worker, now=now)
        claimed = _lanes.admitted(tried, now=now)
        if claimed:
            models.Run.objects.claim([run.pk for run in claimed], worker=worker, lease_until=_lease_end(), now=now)
    for run in claimed:
        run.status, run.worker, run.fence = Status.RUNNING, worker, run.fence + 1
    return claimed


def renew(held: Mapping[uuid.UUID, int], *, worker: str) -> set[uuid.UUID]:
    """Extend the leases of `held` (run id → fence), and return the runs that are no longer this worker's."""
    if not held:
        return set()
    mine = models.Run.objects.held_by(worker).filter(pk__in=held)
    with transaction.atomic():
        mine.update(lease_until=_lease_end())
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
    ends = [
        crashed(run, evidence=f"worker {run.worker} did not renew its lease", now=now, is_lapsed=True) for run in lost
    ]
    return Swept(ends.count(Status.QUEUED), ends.count(Status.QUARANTINED), ends.count(Status.CANCELLED))


def crashed(run: models.Run, *, evidence: str, now: dt.datetime, is_lapsed: bool = False) -> str | None:
    """Count a crash of the run as it was claimed; return its new status, or None when somebody else has taken it over.

    The third crash quarantines it: it takes its worker down each time, so no one else is to try it.
    """
    crash = {"at": now.isoformat(), "worker": run.worker, "what": evidence}
    changes: dict[str, Any] = {"crashes": F("crashes") + 1, "evidence": [*run.evidence, crash]}
    held = models.Run.objects.filter(fence=run.fence, crashes=run.crashes)
    if is_lapsed:
        held = held.filter(lease_until__lt=now)  # its holder may just have renewed it
    if run.cancel_requested_at is not None:
        to = Status.CANCELLED
    elif run.crashes + 1 >= LAST_CRASH:
        to = Status.QUARANTINED
        changes |= {"error_code": "quarantined", "error_message": _quarantined(evidence)}
    else:
        to = Status.QUEUED
        changes |= {"due_at": now}
    with transaction.atomic():
        if not held.transition(run.pk, from_=Status.RUNNING, to=to, now=now, **changes):
            return None
        if to != Status.QUEUED:
            _families.ended(run, status=to, now=now)
        if to == Status.QUARANTINED:
            # Without the worker's name, which no other has.
            what = evidence.replace(f" {run.worker}", "")
            _failures.note([_failures.Failure(run=run, code=to, message=what)], now=now)
    logger.warning("Run lost its worker", extra={"action": "run_lost", "run": str(run.pk), "became": to})
    return to


def _quarantined(evidence: str) -> str:
    return f"the run took its worker down {LAST_CRASH} times, the last time: {evidence}"
