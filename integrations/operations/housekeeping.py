"""Keeps the installation tidy and in hand: what of its history goes when, and whether work goes on at all."""

from __future__ import annotations

from integrations import models
from integrations.operations import _audit, _database_time, _dispatch_state
from integrations.operations._transactions import all_or_nothing
from integrations.operations.actors import Actor, require

#: Whether workers take up nothing and schedules fire nothing, as of a second ago at most.
dispatch_is_paused = _dispatch_state.is_paused
#: Schedules fire no slot from before this time, which is None until a database was restored.
slots_from = _dispatch_state.slots_from


def dispatch_state() -> models.SystemState:
    """Return whether dispatch is paused, since when and why, as the database has it now."""
    return models.SystemState.objects.current()


def pause_dispatch(*, reason: str, by: Actor) -> None:
    """Let workers take up no run and schedules fire nothing from now on; what is being executed goes on to its end.

    Raises:
        PermissionRefused: `by` may not manage dispatch.
    """
    require(by, "manage_dispatch", to="pause dispatch")
    if dispatch_state().dispatch_paused:
        return
    with all_or_nothing():
        _dispatch_state.pause(reason=reason, now=_database_time.now())
        _audit.write("pause", kind="dispatch", tag="dispatch", by=by, reason=reason)


def resume_dispatch(*, by: Actor, reason: str = "") -> bool:
    """Let workers and schedules go on, and return whether they had been paused.

    Raises:
        PermissionRefused: `by` may not manage dispatch.
    """
    require(by, "manage_dispatch", to="resume dispatch")
    if not dispatch_state().dispatch_paused:
        return False
    with all_or_nothing():
        _dispatch_state.resume(now=_database_time.now())
        _audit.write("resume", kind="dispatch", tag="dispatch", by=by, reason=reason)
    return True
