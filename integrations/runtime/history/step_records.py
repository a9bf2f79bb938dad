"""Turns stored steps back into the records that they were made of."""

from __future__ import annotations

from typing import cast

from integrations import models
from integrations.connectors.base import LogLine
from integrations.engine.records import Role, StepError, StepKey, StepRecord, StepStatus


def record_of(step: models.Step, *, logs: tuple[LogLine, ...] = ()) -> StepRecord:
    """Return the record that a stored step was made of, with `logs` if they are wanted."""
    return StepRecord(
        key=key_of(step),
        attempt=step.attempt,
        type=step.type,
        target=step.target,
        app=step.app or None,
        status=cast("StepStatus", step.status),
        reason=step.reason,
        input=step.input,
        output=step.output,
        error=_error_of(step),
        started_at=step.started_at,
        finished_at=step.finished_at,
        due_at=step.due_at,
        idempotency_key=step.idempotency_key,
        logs=logs,
    )


def key_of(step: models.Step) -> StepKey:
    """Return which step of its run a stored one is."""
    iteration = None if step.iteration == models.NO_ITERATION else step.iteration
    return StepKey(sequence=step.sequence, event=step.event, iteration=iteration, role=cast("Role", step.role))


def _error_of(step: models.Step) -> StepError | None:
    if not step.error_code:
        return None
    return StepError(
        code=step.error_code,
        message=step.error_message,
        retryable=step.retryable,
        line=step.error_line,
        column=step.error_column,
    )
