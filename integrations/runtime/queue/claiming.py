"""Who executes which run: claims, leases, and what becomes of runs whose worker is gone.

A claim raises the run's fence; what an earlier holder still wants to write is refused by its lower number. Leases go by
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
#: How often somebody's wish to end a run is looked for.
CANCEL_LOOK_SECONDS = 0.5
#: How many lapsed runs are taken back in one transaction, and how long that goes on at a time.
_SWEPT_TOGETHER, _SWEEP_SECONDS = 100, 1.0
#: The crash that a run is not tried again after.
LAST_CRASH = 3
#: A message that has not arrived after this long may be lost: the broker was down, or forgot it.
_MESSAGE_LATE = dt.timedelta(seconds=2)

Status = models.Run.Status


def heartbeat_seconds() -> float:
    return min(conf.lease_seconds() / 4, _LONGEST_HEARTBEAT_SECONDS)


def _lease_end() -> dt.datetime:
    """Return how long a lease lasts that is written now, in a transaction: on SQLite that may have waited to begin."""
    return clock.now() + dt.timedelta(seconds=conf.lease_seconds())


def claim_due(*, worker: str, limit: int) -> list[models.Run]:
    """Return up to `limit` due runs, claimed for `worker`: integrations take turns, see `fair_share`."""
    due = run_queue.Due(now=clock.now(), without_withheld=dispatch_state.withholds())
    return _claim_in_turn(due, worker=worker, limit=limit)


def claim_one(run_id: uuid.UUID, *, worker: str) -> models.Run | None:
    """Return this run, claimed for `worker`, also before it is due; None when it, or room in its lane, is not there.

    A frozen environment does not withhold it from whoever wants this very run, an inactive one does.
    """
    runs = models.Run.objects.claimable().filter(pk=run_id)
    if dispatch_state.withholds():
        runs = runs.in_active_environment()
    claimed = _claim_these(runs, worker=worker, now=clock.now())
    return claimed[0] if claimed else None


def claim_announced(run_ids: Collection[uuid.UUID], *, worker: str) -> list[models.Run]:
    """Return those of these runs that are due and nobody has taken up, claimed for `worker`."""
    now = clock.now()
    runs = models.Run.objects.due(now).filter(pk__in=run_ids)
    if dispatch_state.withholds():
        runs = runs.exclude(pk__in=models.Run.objects.filter(pk__in=run_ids).withheld())
    return _claim_these(runs, worker=worker, now=now)


def claim_overlooked(*, worker: str, limit: int) -> list[models.Run]:
    """Return up to `limit` due runs that no message will come for or that one is late for, claimed for `worker`."""
    now = clock.now()
    due = run_queue.Due(now=now, late=now - _MESSAGE_LATE, without_withheld=dispatch_state.withholds())
    return _claim_in_turn(due, worker=worker, limit=limit)


def _claim_in_turn(due: run_queue.Due, *, worker: str, limit: int) -> list[models.Run]:
    lines = run_queue.lines(due)
    # Most times there is none, and then SQLite's one write lock is left to others.
    if not lines or dispatch_state.is_paused():
        return []
    with write_lock.writing():
        claimed = _claim(fair_share.next_due(lines, due, limit=limit), worker=worker, now=due.now)
    return _claimed(claimed, worker=worker)


def _claim_these(runs: RunQuerySet, *, worker: str, now: dt.datetime) -> list[models.Run]:
    if dispatch_state.is_paused():
        return []
    with write_lock.writing():
        claimed = _claim(run_queue.locked(runs), worker=worker, now=now)
    return _claimed(claimed, worker=worker)


def _claim(heads: list[run_queue.Candidate], *, worker: str, now: dt.datetime) -> list[uuid.UUID]:
    """Claim those of these locked runs that may be taken up now."""
    admitted = lanes.admitted(crash_isolation.admitted(heads, worker=worker, now=now), now=now)
    run_ids = [head.run_id for head in admitted]
    if run_ids:
        models.Run.objects.claim(run_ids, worker=worker, lease_until=_lease_end(), now=now)
    return run_ids


def _claimed(run_ids: list[uuid.UUID], *, worker: str) -> list[models.Run]:
    """Return runs that were claimed just now with what executing them takes; nobody else waits for this reading."""
    if not run_ids:
        return []
    runs = models.Run.objects.held_by(worker).in_bulk(run_ids)
    # What many of them share is read once. A process may know the content of a release.
    environments = models.Environment.objects.select_related("integration")
    environments_by_id = environments.in_bulk({run.environment_id for run in runs.values()})
    releases_by_id = models.Release.objects.defer("content").in_bulk({run.release_id for run in runs.values()})
    for run in runs.values():
        run.environment, run.release = environments_by_id[run.environment_id], releases_by_id[run.release_id]
    return [runs[run_id] for run_id in run_ids if run_id in runs]


def renew(held: Mapping[uuid.UUID, int], *, worker: str) -> set[uuid.UUID]:
    """Extend the leases of `held` (run id → fence), and return the runs that are no longer this worker's.

    What the table says that it holds and it does not, since the database went away in the middle of a claim, goes back
    into the queue.
    """
    mine = models.Run.objects.held_by(worker)
    with write_lock.writing():
        fences = dict(mine.order_by("pk").select_for_update(of=("self",)).values_list("pk", "fence"))
        mine.filter(pk__in=held).update(lease_until=_lease_end())
        hand_back(fences.keys() - held.keys(), worker=worker)
    return {run_id for run_id, fence in held.items() if fences.get(run_id) != fence}


def lost(held: Mapping[uuid.UUID, int], *, family: Collection[uuid.UUID] = ()) -> set[uuid.UUID]:
    """Return which of `held` (run id → fence) are no longer held under that fence, and lock the others' rows.

    Called first in a transaction that writes for them, and for those of their `family`, above and below: nobody can
    take them over until it is committed. See `run_tree.lock` for the order.
    """
    rows = models.Run.objects.filter(pk__in=[*held, *family]).order_by("pk").select_for_update(of=("self",))
    running = {
        run_id: fence for run_id, fence, status in rows.values_list("pk", "fence", "status") if status == Status.RUNNING
    }
    return {run_id for run_id, fence in held.items() if running.get(run_id) != fence}


def called_off(run_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, RunError | None]:
    """Return which of these runs are not to go on: with what the run above has failed of, or None to be cancelled."""
    wanted = models.Run.objects.filter(pk__in=run_ids).filter(
        Q(cancel_requested_at__isnull=False) | Q(error_code=RUN_ABOVE_FAILED)
    )
    columns = ("pk", "cancel_requested_at", "error_code", "error_message", "error_place")
    return {
        run_id: RunError(code=code, message=message, place=place) if cancel_requested_at is None else None
        for run_id, cancel_requested_at, code, message, place in wanted.values_list(*columns)
    }


def hand_back(run_ids: Collection[uuid.UUID], *, worker: str) -> None:
    """Put runs back into the queue that `worker` did not finish; that is no crash."""
    if not run_ids:  # as at almost every heartbeat, and then nobody is woken
        return
    now = clock.now()
    with transaction.atomic():
        run_tree.lock(run_ids)
        held = models.Run.objects.held_by(worker)
        requeued = [
            run_id
            for run_id in run_ids
            if held.transition(run_id, from_=Status.RUNNING, to=Status.QUEUED, now=now, due_at=now)
        ]
        let_go(requeued, now=now)


def let_go(run_ids: Collection[uuid.UUID], *, now: dt.datetime) -> None:
    """End those that somebody wants to end of these runs, which were put back into the queue, and announce the others.

    Called in that transaction.
    """
    run_tree.cancel_marked(run_ids, now=now)
    announcing.announce(run_ids)


def sweep() -> None:
    """Take runs back whose lease ran out: their worker crashed, hangs, or cannot reach the database."""
    until = time.monotonic() + _SWEEP_SECONDS
    while _sweep_some() == _SWEPT_TOGETHER and time.monotonic() < until:
        pass


def _sweep_some() -> int:
    now = clock.now()
    lapsed = models.Run.objects.filter(status=Status.RUNNING, lease_until__lt=now).order_by("lease_until")
    runs = list(lapsed[:_SWEPT_TOGETHER])
    if runs:
        with write_lock.writing():
            run_tree.lock(each for run in runs for each in (run.parent_id, run.pk))
            for run in runs:
                crashed(run, evidence=f"worker {run.worker} did not renew its lease", now=now, is_lapsed=True)
    return len(runs)


def crashed(run: models.Run, *, evidence: str, now: dt.datetime, is_lapsed: bool = False) -> None:
    """Count a crash of the run as it was claimed, unless somebody has taken it over, and put it back into the queue.

    The third crash quarantines it: it takes its worker down each time, so no one else is to try it.
    """
    crash = {"at": now.isoformat(), "worker": run.worker, "what": evidence}
    changes: dict[str, Any] = {"crashes": F("crashes") + 1, "evidence": [*run.evidence, crash]}
    held = models.Run.objects.filter(fence=run.fence, crashes=run.crashes)
    if is_lapsed:
        held = held.filter(lease_until__lt=now)  # its holder may just have renewed it
    is_last = run.crashes + 1 >= LAST_CRASH and run.cancel_requested_at is None
    if is_last:
        to = Status.QUARANTINED
        changes |= {"error_code": "quarantined", "error_message": _quarantined(evidence), "error_place": ""}
    else:
        to = Status.QUEUED
        changes |= {"due_at": now}
    with transaction.atomic():
        run_tree.lock([run.parent_id, run.pk])
        if not held.transition(run.pk, from_=Status.RUNNING, to=to, now=now, **changes):
            return
        if is_last:
            run_tree.ended(run, status=to, now=now)
            # Without the worker's name, which no other has.
            what = evidence.replace(f" {run.worker}", "")
            failure_grouping.note([failure_grouping.Failure(run=run, code=to, message=what)], now=now)
        else:
            let_go([run.pk], now=now)
    logger.warning("Run lost its worker", extra={"action": "run_lost", "run": str(run.pk), "became": to})


def _quarantined(evidence: str) -> str:
    return f"the run took its worker down {LAST_CRASH} times, the last time: {evidence}"
