"""Tells which workers are alive, and what keeps a run from being executed."""

from __future__ import annotations

from integrations import models
from integrations.actors import Actor, require
from integrations.models.run_states import CLAIMABLE
from integrations.operations import _worker_board
from integrations.operations._worker_board import WAITS, Backlog, Board
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.limits import lanes
from integrations.runtime.queue import holds

__all__ = ["WAITS", "Backlog", "Board", "alive", "board", "is_worker_there", "why_not_yet"]


def alive(*, by: Actor) -> list[models.Worker]:
    """Return the workers that have reported recently, those that started first in front."""
    require(by, "view_worker", to="see workers")
    return list(models.Worker.objects.alive(clock.now()).order_by("started_at"))


def board(*, by: Actor) -> Board:
    """Return the worker board, with the queue of the integrations that `by` may see."""
    require(by, "view_worker", to="see workers")
    return _worker_board.look(by, now=clock.now())


def is_worker_there() -> bool:
    """Return whether a worker is alive to execute what is queued."""
    return models.Worker.objects.alive(clock.now()).filter(is_stopping=False).exists()


def why_not_yet(run: models.Run) -> str:
    """Return what keeps a due run from being claimed, as a sentence; "" when nothing does but its place."""
    now = clock.now()
    if run.status not in CLAIMABLE or run.due_at is None or run.due_at > now:
        return ""
    if dispatch_state.is_paused():
        return "dispatch is paused"
    if why := holds.why(run):
        return why
    if not is_worker_there():
        return "no worker is alive"
    return lanes.why_not_yet(run, now=now)
