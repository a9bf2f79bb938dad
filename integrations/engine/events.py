"""Runs one event in its place: its condition, its attempts, and what stands in for it when it failed."""

from __future__ import annotations

from integrations.engine import loops
from integrations.engine.attempts import run_step
from integrations.engine.decisions import decided
from integrations.engine.execution import Execution
from integrations.engine.failures import FAILURES
from integrations.engine.plan import PlannedCondition
from integrations.engine.recording import Turn
from integrations.engine.resolver import MISSING, MaybeJson
from integrations.engine.signals import StepFailed
from integrations.engine.step import Step


async def run_event(execution: Execution, step: Step) -> None:
    """Run an event and keep its result. One that was skipped has none, nor has one that failed and may fail.

    Raises:
        StepFailed: the run ends with this failure.
        Parked: the event goes on later than an execution may wait.
        Stopped: the run has failed elsewhere, so this event does not start.
    """
    try:
        done_by, result = await run_in_place(execution, step)
    except StepFailed as failure:
        if not step.may_fail or failure.ends_run:
            raise
    else:
        execution.finish(done_by, result)


async def run_in_place(execution: Execution, step: Step) -> tuple[Step, MaybeJson]:
    """Return the result, and the step that made it: this one, or a fallback. Raises as `run_event` does."""
    try:
        return step, await _perform(execution, step)
    except StepFailed as failure:
        fallback = None if failure.ends_run else step.fallback(failure.error)
        if fallback is None:
            raise
        done_by, result = await run_in_place(execution, fallback)
        if result is MISSING:  # by its own condition the fallback is not for this failure
            raise
        return done_by, result


async def _perform(execution: Execution, step: Step) -> MaybeJson:
    checkpoint = execution.checkpoint(step.key)
    if checkpoint is not None and checkpoint.status == "succeeded":
        return execution.restored(checkpoint)
    if checkpoint is not None and checkpoint.status == "skipped":
        return MISSING
    if not execution.has_begun(step):
        execution.halt_if_failed(step)
    planned = step.planned.condition
    if planned is None or (checkpoint is not None and planned.condition.type == "if"):
        return await run_step(execution, step)
    if checkpoint is not None and checkpoint.status == "failed" and checkpoint.error is not None:
        raise StepFailed(step=step, error=checkpoint.error)  # of a loop, that it was refused as a whole
    return await _run_under(planned, execution, step)


async def _run_under(planned: PlannedCondition, execution: Execution, step: Step) -> MaybeJson:
    match planned.condition.type:
        case "if":
            return await _run_if(execution, step, planned)
        case "do_while":
            return await loops.do_while(execution, step, planned)
        case "for_each":
            return await loops.for_each(execution, step, planned)


async def _run_if(execution: Execution, step: Step, planned: PlannedCondition) -> MaybeJson:
    turn = Turn(execution, step)
    try:
        decision = await decided(execution, step, planned)
    except FAILURES as error:
        raise await turn.refused(error) from None
    if decision.holds:
        return await run_step(execution, step)
    await turn.skipped(decision.reason)
    return MISSING
