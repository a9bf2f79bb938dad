"""Executes one run in this process, through the same claim, lease and checkpoints as a worker."""

from __future__ import annotations

import datetime as dt
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
#: How often it is looked whether a limited feature has room.
_ROOM_LOOK_SECONDS = 0.05


def execute(run: models.Run, *, on_step: OnStep | None, patience_seconds: float) -> models.Run:
    """Execute a queued or waiting run to its end, or watch whoever was faster, and return it as it then stands.

    A run that parks (a retry or a wait that is due later) is waited for while that takes no longer than
    `patience_seconds` at a time; beyond, it is returned as `waiting`, for a worker or the next call to go on with.
    One that is parked for runs that it has started goes on once these have been executed, here too. One whose feature
    is at its limit is waited for as long, too, and then returned as it was; one whose environment is inactive at once.

    Raises:
        OperationRefused: it has ended.
    """
    if run.is_final:
        raise OperationRefused(f"run {run.pk} has {run.status}; start another one")
    driver = Driver(runtime=event_loop.shared(), worker=worker_name(), on_step=on_step)
    give_up_at = time.monotonic() + patience_seconds
    while True:
        if not _drive(driver, run):
            if _has_no_room(run):
                if time.monotonic() >= give_up_at or holds.why_from_everyone(run):
                    return run
                time.sleep(_ROOM_LOOK_SECONDS)
                continue
            return following.follow(run, on_step=on_step, patience_seconds=patience_seconds)
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


def _has_no_room(run: models.Run) -> bool:
    """Return whether a run that could not be claimed is still there to be claimed, only not now."""
    run.refresh_from_db()
    return run.status in CLAIMABLE


def _execute_nested(run: models.Run, *, patience_seconds: float) -> None:
    """Execute what the run has started, one after the other, and what these start."""
    for nested in models.Run.objects.unfinished().filter(parent=run).order_by("created_at"):
        execute(nested, on_step=None, patience_seconds=patience_seconds)


def worker_name() -> str:
    """Return a name that no other process has, now or later: host, process, and something random."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _drive(driver: Driver, run: models.Run) -> bool:
    """Execute the run until it ends or parks; return False when somebody else holds it."""
    claimed = claiming.claim_one(run.pk, worker=driver.worker)
    if claimed is None:
        return False
    driver.begin([claimed])
    cancel_at = time.monotonic() + claiming.CANCEL_LOOK_SECONDS
    renew_at = time.monotonic() + claiming.heartbeat_seconds()
    while driver.held:
        driver.turn(timeout_seconds=claiming.CANCEL_LOOK_SECONDS)
        now = time.monotonic()
        if now >= cancel_at:
            driver.call_off(claiming.called_off(driver.held))
            cancel_at = now + claiming.CANCEL_LOOK_SECONDS
        if now >= renew_at:
            driver.give_up(claiming.renew(driver.held, worker=driver.worker))
            renew_at = now + claiming.heartbeat_seconds()
    return True


def take_over(run: models.Run) -> None:
    """Put a run back into the queue whose holder is gone; it goes on behind its last checkpoint.

    Raises:
        OperationRefused: it is not running, or its holder's lease still lasts.
    """
    now = clock.now()
    lapsed = models.Run.objects.filter(lease_until__lt=now)
    with transaction.atomic():
        is_ours = lapsed.transition(run.pk, from_=Status.RUNNING, to=Status.QUEUED, now=now, due_at=now)
        if is_ours:
            claiming.let_go([run.pk], now=now)
    run.refresh_from_db()
    if not is_ours:
        raise OperationRefused(_still_held(run, now))


def _still_held(run: models.Run, now: dt.datetime) -> str:
    if run.status != Status.RUNNING or run.lease_until is None:
        return f"run {run.pk} is {run.status}; only a running one can be taken over"
    seconds = (run.lease_until - now).total_seconds()
    return f"run {run.pk} is held by {run.worker}; it can be taken over {seconds:.0f} seconds from now"
