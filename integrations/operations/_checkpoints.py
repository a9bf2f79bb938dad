"""Reads back what earlier executions of a run have left, so that it goes on instead of starting over."""

from __future__ import annotations

from integrations import models
from integrations.engine.records import Checkpoint, StepKey, checkpoints_of
from integrations.operations._records import record_of


def of(run: models.Run) -> dict[StepKey, Checkpoint]:
    """Return what each step's latest attempt has left."""
    return checkpoints_of(record_of(step) for step in run.steps.order_by("attempt"))
