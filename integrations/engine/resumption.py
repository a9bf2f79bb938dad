"""What an earlier execution of a run says about how the next one begins."""

from __future__ import annotations

from integrations.engine import retry
from integrations.engine.execution import Execution
from integrations.engine.records import RUN_TIMEOUT, Checkpoint, RunError, StepError, StepKey
from integrations.engine.step import Step

#: A chain of fallbacks is also walked where none has happened.
_ANY_ERROR = StepError(code="", message="")


def earlier_failure(execution: Execution) -> RunError | None:
    """Return the failure that had ended the run already when its execution was cut off, or None.

    Its rollbacks may not all have run, so it is executed once more; but nothing new may start.
    """
    for key, checkpoint in execution.context.checkpoints.items():
        error = checkpoint.error
        if checkpoint.status == "failed" and error is not None and _ended_the_run(execution, key, checkpoint):
            message = _told(execution, key, error)
            return RunError(code=error.code, message=message, place=f"{key.sequence}/{key.event}")
    return None


def _told(execution: Execution, key: StepKey, error: StepError) -> str:
    """Return the failure's message as the execution said it that recorded it."""
    step = _step_of(execution, key)
    return error.message if step is None else step.failure(error.message)


def _ended_the_run(execution: Execution, key: StepKey, checkpoint: Checkpoint) -> bool:
    error = checkpoint.error
    if error is None or key.role == "rollback":
        return False
    if error.code == RUN_TIMEOUT:
        return True
    step = _step_of(execution, key)
    if step is None or step.may_fail or _may_be_replaced(execution, step, checkpoint):
        return False
    rules = step.planned.retry
    return retry.decide(error=error, attempt=checkpoint.attempts, rules=rules, used=0, random=lambda: 0.0) is None


def _may_be_replaced(execution: Execution, step: Step, checkpoint: Checkpoint) -> bool:
    """Return whether a fallback may still make up for a failed step, or has."""
    fallback = step.fallback(checkpoint.error) if checkpoint.error else None
    if fallback is None:
        return False
    tried = execution.checkpoint(fallback.key)
    return tried is None or tried.status != "skipped"


def _step_of(execution: Execution, key: StepKey) -> Step | None:
    """Return the event, or the fallback in its chain, whose step this is; iterations count as their event."""
    sequence = execution.plan.sequences.get(key.sequence)
    planned = sequence.event(key.event.partition("~")[0]) if sequence else None
    step = Step.of(planned, sequence=key.sequence) if planned else None
    while step is not None and (step.key.event, step.key.role) != (key.event, key.role):
        step = step.fallback(_failure_of(execution, step.key))
    return step


def _failure_of(execution: Execution, key: StepKey) -> StepError:
    """Return what a step failed with, or one of its iterations."""
    for each, checkpoint in execution.context.checkpoints.items():
        is_it = (each.sequence, each.event, each.role) == (key.sequence, key.event, key.role)
        if is_it and checkpoint.status == "failed" and checkpoint.error is not None:
            return checkpoint.error
    return _ANY_ERROR
