"""Reads back what earlier executions of a run have left, so that it goes on instead of starting over."""

from __future__ import annotations

from integrations import models
from integrations.engine.records import Checkpoint, RunError, StepKey, checkpoints_of
from integrations.runtime.history.step_records import record_of


def may_have(run: models.Run) -> bool:
    """Return whether there can be any: the first claim of a run finds none, and most runs have no second one.

    A replay begins with what it has taken over. Not told by `replay_of`, which is gone once that run is pruned.
    """
    return run.fence > 1 or run.trigger == models.Run.Trigger.REPLAY


def of(run: models.Run) -> dict[StepKey, Checkpoint]:
    """Return what each step's latest attempt has left."""
    return checkpoints_of(record_of(step) for step in run.steps.order_by("attempt"))


def failure_of(run: models.Run) -> RunError | None:
    """Return what a run that has not ended yet has failed of: it is only undone any more."""
    if not run.error_code:
        return None
    return RunError(code=run.error_code, message=run.error_message, place=run.error_place)
