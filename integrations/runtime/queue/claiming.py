"""Claims runs for workers, keeps their leases, and puts runs whose worker is gone back into the queue.

A claim raises the run's fence; what an earlier worker still wants to write is refused by its lower number. Leases go by
the database's clock.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from integrations import conf, models
from integrations.engine.records import RUN_ABOVE_FAILED, RunError
from integrations.models import run_queue
from integrations.models.run import RunQuerySet
from integrations.runtime.db import clock, write_lock
from integrations.runtime.dispatch import announcing
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.lifecycle import failure_grouping, run_tree
from integrations.runtime.limits import lanes
from integrations.runtime.queue import crash_isolation, fair_share

logger = logging.getLogger(__name__)

#: How often a lease is renewed at least; four times before it runs out.
_LONGEST_HEARTBEAT_SECONDS = 5.0
#: How often to check whether a run is to be stopped.
STOP_LOOK_SECONDS = 0.5
#: How many lapsed runs are swept in one transaction, and for how long at a time.
_SWEPT_TOGETHER, _SWEEP_SECONDS = 100, 1.0
#: The crash after which a run is not tried again.
LAST_CRASH = 3
#: A message that has not arrived after this long may be lost: the broker was down, or forgot it.
_MESSAGE_LATE = dt.timedelta(seconds=2)

Status = models.Run.Status


def heartbeat_seconds() -> float:
    return min(conf.lease_seconds() / 4, _LONGEST_HEARTBEAT_SECONDS)


def _lease_end() -> dt.datetime:
    """Return when a lease ends that is written now, in a transaction: on SQLite that may have waited to begin."""
    return clock.now() + dt.timedelta(seconds=conf.lease_seconds())


# Claiming


def claim_due(*, worker: str, limit: int) -> list[models.Run]:
    """Return up to `limit` due runs, claimed for `worker`: integrations get fair shares, see `fair_share`."""
    due = run_queue.Due(now=clock.now(), skips_on_hold=dispatch_state.holds_runs())
    return _claim_fairly(due, worker=worker, limit=limit)


def claim_one(run_id: uuid.UUID, *, worker: str) -> models.Run | None:
    """Return this run, claimed for `worker`, also before it is due; None when it cannot be claimed, or not now.

    An inactive environment keeps it from being claimed; a frozen one does not, when it is asked for by its id.
    """
    runs = models.Run.objects.claimable().filter(pk=run_id)
    if dispatch_state.holds_runs():
        runs = runs.in_active_environment()
    claimed = _claim_chosen(runs, worker=worker, now=clock.now())
    return claimed[0] if claimed else None


def claim_announced(run_ids: Collection[uuid.UUID], *, worker: str) -> list[models.Run]:
    """Return those of these runs that are due and not claimed yet, claimed for `worker`."""
    now = clock.now()
    runs = models.Run.objects.due(now).filter(pk__in=run_ids)
    if dispatch_state.holds_runs():
        runs = runs.exclude(pk__in=models.Run.objects.filter(pk__in=run_ids).on_hold())
    return _claim_chosen(runs, worker=worker, now=now)


def claim_overlooked(*, worker: str, limit: int) -> list[models.Run]:
    """Return up to `limit` due runs that no message announces, or a late one, claimed for `worker`."""
    now = clock.now()
    due = run_queue.Due(now=now, late=now - _MESSAGE_LATE, skips_on_hold=dispatch_state.holds_runs())
    return _claim_fairly(due, worker=worker, limit=limit)


def _claim_fairly(due: run_queue.Due, *, worker: str, limit: int) -> list[models.Run]:
    buckets = run_queue.buckets(due)
    # Most times there is none, and then SQLite's one write lock is left to others.
    if not buckets or dispatch_state.is_paused():
        return []
    with write_lock.writing():
        run_ids = _claim(fair_share.next_due(buckets, due, limit=limit), worker=worker, now=due.now)
    return _loaded(run_ids, worker=worker)


def _claim_chosen(runs: RunQuerySet, *, worker: str, now: dt.datetime) -> list[models.Run]:
    if dispatch_state.is_paused():
        return []
    with write_lock.writing():
        run_ids = _claim(run_queue.locked(runs), worker=worker, now=now)
    return _loaded(run_ids, worker=worker)


def _claim(candidates: list[run_queue.Candidate], *, worker: str, now: dt.datetime) -> list[uuid.UUID]:
    """Claim those of these locked runs that may be executed now, and return them."""
    admitted = lanes.admitted(crash_isolation.admitted(candidates, worker=worker, now=now), now=now)
    run_ids = [candidate.run_id for candidate in admitted]
    if run_ids:
        models.Run.objects.claim(run_ids, worker=worker, lease_until=_lease_end(), now=now)
    return run_ids


def _loaded(run_ids: list[uuid.UUID], *, worker: str) -> list[models.Run]:
    """Return claimed runs with what executing them takes; read after the transaction, so no other worker waits."""
    if not run_ids:
        return []
    runs = models.Run.objects.leased_to(worker).in_bulk(run_ids)
    # What many of them share is read once. A process may know the content of a release.
    environments = models.Environment.objects.select_related("integration")
    environments_by_id = environments.in_bulk({run.environment_id for run in runs.values()})
    releases_by_id = models.Release.objects.defer("content").in_bulk({run.release_id for run in runs.values()})
    for run in runs.values():
        run.environment, run.release = environments_by_id[run.environment_id], releases_by_id[run.release_id]
    return [runs[run_id] for run_id in run_ids if run_id in runs]


# While a worker has them


def renew(leases: Mapping[uuid.UUID, int], *, worker: str) -> set[uuid.UUID]:
    """Extend these leases (fences by run id), and return the runs whose leases are lost.

    Runs that the table says are leased to the worker, and are not among these, go back into the queue: the database
    went away in the middle of a claim.
    """
    own_runs = models.Run.objects.leased_to(worker)
    with write_lock.writing():
        fences = dict(own_runs.order_by("pk").select_for_update(of=("self",)).values_list("pk", "fence"))
        own_runs.filter(pk__in=leases).update(lease_until=_lease_end())
        hand_back(fences.keys() - leases.keys(), worker=worker)
    return {run_id for run_id, fence in leases.items() if fences.get(run_id) != fence}


def lost_leases(leases: Mapping[uuid.UUID, int], *, related: Collection[uuid.UUID] = ()) -> set[uuid.UUID]:
    """Return which of these leases (fences by run id) are lost, and lock the rows of the other runs.

    Called first in a transaction that writes for them, and for runs `related` to them, above and below: no other worker
    can reclaim them until it is committed. See `run_tree.lock` for the order.
    """
    rows = models.Run.objects.filter(pk__in=[*leases, *related]).order_by("pk").select_for_update(of=("self",))
    running = {
        run_id: fence for run_id, fence, status in rows.values_list("pk", "fence", "status") if status == Status.RUNNING
    }
    return {run_id for run_id, fence in leases.items() if running.get(run_id) != fence}


def stop_requests(run_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, RunError | None]:
    """Return which of these runs are to be stopped: with the error of the run above, or None to be cancelled."""
    to_stop = models.Run.objects.filter(pk__in=run_ids).filter(
        Q(cancel_requested_at__isnull=False) | Q(error_code=RUN_ABOVE_FAILED)
    )
    columns = ("pk", "cancel_requested_at", "error_code", "error_message", "error_place")
    return {
        run_id: RunError(code=code, message=message, place=place) if cancel_requested_at is None else None
        for run_id, cancel_requested_at, code, message, place in to_stop.values_list(*columns)
    }


# Back into the queue


def hand_back(run_ids: Collection[uuid.UUID], *, worker: str) -> None:
    """Put runs that `worker` did not finish back into the queue; that is no crash."""
    if not run_ids:  # as at almost every heartbeat, and then no worker is woken
        return
    now = clock.now()
    with transaction.atomic():
        run_tree.lock(run_ids)
        leased = models.Run.objects.leased_to(worker)
        requeued = [
            run_id
            for run_id in run_ids
            if leased.transition(run_id, from_=Status.RUNNING, to=Status.QUEUED, now=now, due_at=now)
        ]
        released(requeued, now=now)


def released(run_ids: Collection[uuid.UUID], *, now: dt.datetime) -> None:
    """Cancel those of these runs that are to be cancelled, and announce the others.

    Called in the transaction that puts them back into the queue.
    """
    run_tree.cancel_marked(run_ids, now=now)
    announcing.announce(run_ids)


def sweep() -> None:
    """Put runs back whose lease ran out: their worker crashed, hangs, or cannot reach the database."""
    until = time.monotonic() + _SWEEP_SECONDS
    while _sweep_some() == _SWEPT_TOGETHER and time.monotonic() < until:
        pass


def _sweep_some() -> int:
    now = clock.now()
    lapsed = models.Run.objects.filter(status=Status.RUNNING, lease_until__lt=now).order_by("lease_until")
    runs = list(lapsed[:_SWEPT_TOGETHER])
    if runs:
        with write_lock.writing():
            run_tree.lock(run_id for run in runs for run_id in (run.parent_id, run.pk))
            for run in runs:
                crashed(run, evidence=f"worker {run.worker} did not renew its lease", now=now, is_lapsed=True)
    return len(runs)


def crashed(run: models.Run, *, evidence: str, now: dt.datetime, is_lapsed: bool = False) -> None:
    """Count a crash of the run as it was claimed, unless its lease is lost, and put it back into the queue.

    The third crash quarantines it: it crashes its worker each time, so no other worker is to try it.
    """
    crash = {"at": now.isoformat(), "worker": run.worker, "what": evidence}
    changes: dict[str, Any] = {"crashes": F("crashes") + 1, "evidence": [*run.evidence, crash]}
    leased = models.Run.objects.filter(fence=run.fence, crashes=run.crashes)
    if is_lapsed:
        leased = leased.filter(lease_until__lt=now)  # its worker may have renewed it a moment ago
    is_last = run.crashes + 1 >= LAST_CRASH and run.cancel_requested_at is None
    if is_last:
        to = Status.QUARANTINED
        message = f"the run crashed its worker {LAST_CRASH} times, the last time: {evidence}"
        changes |= {"error_code": "quarantined", "error_message": message, "error_place": ""}
    else:
        to = Status.QUEUED
        changes |= {"due_at": now}
    with transaction.atomic():
        run_tree.lock([run.parent_id, run.pk])
        if not leased.transition(run.pk, from_=Status.RUNNING, to=to, now=now, **changes):
            return
        if is_last:
            run_tree.ended(run, status=to, now=now)
            # Without the worker's name, which no other has.
            what = evidence.replace(f" {run.worker}", "")
            failure_grouping.note([failure_grouping.Failure(run=run, code=to, message=what)], now=now)
        else:
            released([run.pk], now=now)
    logger.warning("Run lost its worker", extra={"action": "run_lost", "run": str(run.pk), "became": to})
