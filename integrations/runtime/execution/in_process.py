"""Executes one run in this process, through the same claim, lease and checkpoints as a worker."""

from __future__ import annotations

import os
import secrets
import socket
import time

from django.db import transaction

from integrations import models
from integrations.errors import OperationRefused
from integrations.models.run_states import CLAIMABLE
from integrations.runtime.db import clock
from integrations.runtime.execution import event_loop, following
from integrations.runtime.execution.driver import Driver, OnStep
from integrations.runtime.queue import claiming, holds

Status = models.Run.Status
#: How often to check whether a limited feature has room.
_ROOM_LOOK_SECONDS = 0.05


def worker_name() -> str:
    """Return a name that no other process has, now or later: host, process, and something random."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def execute(run: models.Run, *, on_step: OnStep | None, patience_seconds: float) -> models.Run:
    """Execute a queued or waiting run to its end, or follow the worker that has it, and return it as it then is.

    A run that parks (a retry or a wait that is due later) is waited for while that takes no longer than
    `patience_seconds` at a time; beyond, it is returned as `waiting`, for a worker or the next call to resume. One that
    waits for runs that it has started is resumed once these have been executed, here too. One whose feature is at its
    limit is waited for as long, too, and then returned as it was; one whose environment is inactive at once.

    Raises:
        OperationRefused: it has ended.
    """
    if run.is_final:
        verb = "is" if run.status in (Status.CANCELLED, Status.QUARANTINED) else "has"
        raise OperationRefused(f"run {run.pk} {verb} {run.status}; start a new run")
    driver = Driver(event_loop=event_loop.shared(), worker=worker_name(), on_step=on_step)
    give_up_at = time.monotonic() + patience_seconds
    while True:
        if not _drive(driver, run):
            run.refresh_from_db()
            if run.status not in CLAIMABLE:
                return following.follow(run, on_step=on_step, patience_seconds=patience_seconds)
            if time.monotonic() >= give_up_at or holds.why_from_everyone(run):
                return run
            time.sleep(_ROOM_LOOK_SECONDS)
            continue
        _execute_nested(run, patience_seconds=patience_seconds)
        run.refresh_from_db()
        if run.status in (Status.QUEUED, Status.RUNNING):
            continue
        if run.status != Status.WAITING or run.due_at is None:
            return run
        seconds = (run.due_at - clock.now()).total_seconds()
        if seconds > patience_seconds:
            return run
        time.sleep(max(seconds, 0))


def _execute_nested(run: models.Run, *, patience_seconds: float) -> None:
    """Execute the runs that the run has started, one after the other, and those that these start."""
    for nested in models.Run.objects.unfinished().filter(parent=run).order_by("created_at"):
        execute(nested, on_step=None, patience_seconds=patience_seconds)


def _drive(driver: Driver, run: models.Run) -> bool:
    """Execute the run until it ends or parks; return False when it cannot be claimed."""
    claimed = claiming.claim_one(run.pk, worker=driver.worker)
    if claimed is None:
        return False
    driver.start([claimed])
    stop_at = time.monotonic() + claiming.STOP_LOOK_SECONDS
    renew_at = time.monotonic() + claiming.heartbeat_seconds()
    while driver.leases:
        driver.store_pending(timeout_seconds=claiming.STOP_LOOK_SECONDS)
        now = time.monotonic()
        if now >= stop_at:
            driver.stop(claiming.stop_requests(driver.leases))
            stop_at = now + claiming.STOP_LOOK_SECONDS
        if now >= renew_at:
            driver.abandon(claiming.renew(driver.leases, worker=driver.worker))
            renew_at = now + claiming.heartbeat_seconds()
    return True


def reclaim(run: models.Run) -> None:
    """Put a run whose worker is gone back into the queue; it resumes behind its last checkpoint.

    Raises:
        OperationRefused: it is not running, or its lease still lasts.
    """
    now = clock.now()
    lapsed = models.Run.objects.filter(lease_until__lt=now)
    with transaction.atomic():
        is_reclaimed = lapsed.transition(run.pk, from_=Status.RUNNING, to=Status.QUEUED, now=now, due_at=now)
        if is_reclaimed:
            claiming.released([run.pk], now=now)
    run.refresh_from_db()
    if is_reclaimed:
        return
    if run.status != Status.RUNNING or run.lease_until is None:
        raise OperationRefused(f"run {run.pk} is {run.status}; only a running run can be reclaimed")
    seconds = (run.lease_until - now).total_seconds()
    raise OperationRefused(f"run {run.pk} is leased to {run.worker}; it can be reclaimed in {seconds:.0f} seconds")
