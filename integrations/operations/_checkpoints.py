"""Reads back what earlier executions of a run have left, so that it goes on instead of starting over."""

from __future__ import annotations

from typing import cast

from integrations import models
from integrations.engine.records import Checkpoint, Role, StepError, StepKey, StepStatus


def of(run: models.Run) -> dict[StepKey, Checkpoint]:
    """Return each step's last state. A step that was running when its process died has used up that attempt."""
    latest: dict[StepKey, models.Step] = {}
    for step in run.steps.order_by("attempt"):
        latest[_key(step)] = step
    return {key: _checkpoint(step) for key, step in latest.items()}


def _key(step: models.Step) -> StepKey:
    iteration = None if step.iteration == models.NO_ITERATION else step.iteration
    role = cast("Role", step.role)
    return StepKey(sequence=step.sequence, event=step.event, iteration=iteration, role=role)


def _checkpoint(step: models.Step) -> Checkpoint:
    return Checkpoint(
        status=cast("StepStatus", step.status),
        attempts=step.attempt,
        output=step.output,
        error=_error(step),
        due_at=step.due_at,
        finished_at=step.finished_at,
    )


def _error(step: models.Step) -> StepError | None:
    if not step.error_code:
        return None
    return StepError(
        code=step.error_code,
        message=step.error_message,
        retryable=step.retryable,
        line=step.error_line,
        column=step.error_column,
    )
