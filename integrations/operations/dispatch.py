"""Pauses and resumes dispatch, and tells what waits for that."""

from __future__ import annotations

from integrations import models
from integrations.actors import Actor, require
from integrations.models.run import RunQuerySet
from integrations.operations import _audit, _pending_work, queued_slots
from integrations.operations._pending_work import PendingWork
from integrations.operations._transactions import all_or_nothing
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state

__all__ = ["PendingWork", "is_paused", "pause", "pending_runs", "pending_work", "resume", "slots_from", "state"]

#: Whether workers claim nothing and schedules fire nothing, as of a second ago at most.
is_paused = dispatch_state.is_paused
#: Schedules fire no slot from before this time, which is None until a database was restored.
slots_from = dispatch_state.slots_from


def state() -> models.SystemState:
    """Return whether dispatch is paused, since when and why, as the database has it now."""
    return models.SystemState.objects.current()


def pause(*, reason: str, by: Actor) -> None:
    """Pause dispatch: workers claim no run and schedules fire nothing; running runs continue to their end.

    Raises:
        PermissionRefused: `by` may not manage dispatch.
    """
    require(by, "manage_dispatch", to="pause dispatch")
    if state().dispatch_paused:
        return
    with all_or_nothing():
        dispatch_state.pause(reason=reason, now=clock.now())
        _audit.write("pause", kind="dispatch", tag="dispatch", by=by, reason=reason)


def resume(*, by: Actor, reason: str = "") -> bool:
    """Resume dispatch, and return whether it had been paused.

    After a restore this confirms it: times of schedules that have waited since before are skipped.

    Raises:
        PermissionRefused: `by` may not manage dispatch.
    """
    require(by, "manage_dispatch", to="resume dispatch")
    current, now = state(), clock.now()
    if not current.dispatch_paused:
        return False
    with all_or_nothing():
        skipped = {"skipped": queued_slots.skip_restored(now=now)} if current.awaits_confirmation else {}
        dispatch_state.resume(now=now)
        _audit.write("resume", kind="dispatch", tag="dispatch", by=by, after={**skipped}, reason=reason)
    return True


def pending_work(*, by: Actor) -> PendingWork:
    """Return what starts or resumes once dispatch is resumed, of the integrations that `by` may see."""
    require(by, "view_run", to="see runs")
    return _pending_work.look(by)


def pending_runs(*, by: Actor) -> RunQuerySet:
    """Return the runs that `pending_work` counts; `bulk.start` cancels them, also while dispatch is paused."""
    require(by, "view_run", to="see runs")
    return _pending_work.runs(by)
