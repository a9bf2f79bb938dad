"""What workers are asked to do, and who is there."""

from __future__ import annotations

from integrations import models
from integrations.models.run_states import CLAIMABLE
from integrations.operations import _board, _database_time, _dispatch_state, _lanes, _presence, _withholding
from integrations.operations._board import WAITS, Backlog, Board
from integrations.operations._worker import Worker
from integrations.operations.actors import Actor, require

__all__ = ["WAITS", "Backlog", "Board", "Worker", "alive", "board", "is_one_there", "why_not_yet"]


def alive(*, by: Actor) -> list[models.Worker]:
    """Return the workers that were heard of lately, those that started first in front."""
    require(by, "view_worker", to="see workers")
    return list(models.Worker.objects.alive(_database_time.now()).order_by("started_at"))


def board(*, by: Actor) -> Board:
    """Return who executes runs, what waits in the queue of what `by` may see, and which apps are held back."""
    require(by, "view_worker", to="see workers")
    return _board.look(by, now=_database_time.now())


def is_one_there() -> bool:
    """Return whether some worker is going to take up what is queued."""
    return _presence.is_worker_there()


def why_not_yet(run: models.Run) -> str:
    """Return what keeps a due run from being taken up, as a sentence; "" when nothing does but whose turn it is."""
    now = _database_time.now()
    if run.status not in CLAIMABLE or run.due_at is None or run.due_at > now:
        return ""
    if _dispatch_state.is_paused():
        return "dispatch is paused"
    if why := _withholding.why(run):
        return why
    if not _presence.is_worker_there():
        return "no worker is alive"
    return _lanes.why_not_yet(run, now=now)
