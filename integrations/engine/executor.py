"""Executes a release with an input, from its first event or from where an earlier execution left it."""

from __future__ import annotations

import asyncio

from integrations.definitions.truncation import size_beyond
from integrations.engine import planner, truncated
from integrations.engine.branches import run_sequences
from integrations.engine.context import Context
from integrations.engine.execution import Ending, Execution
from integrations.engine.failures import FAILURES, step_error
from integrations.engine.lookups import look_up
from integrations.engine.nested import fail_nested
from integrations.engine.records import RUN_TIMEOUT, Outcome, RunError, StepError
from integrations.engine.rollbacks import roll_back
from integrations.engine.signals import Parked
from integrations.engine.tasks import Breakable, BrokenOff
from integrations.errors import DefinitionError
from integrations.types import Json


async def execute(context: Context) -> Outcome:
    """Return how the run went; whatever a definition, an input or the outside does wrong is in the outcome.

    The recorder hears of every step. With `context.checkpoints` the run goes on where they end: what has finished is
    not done again, and attempts that are used up stay used up. Output and error are redacted.

    A failed run rolls back what it has done, also after its timeout, which counts from the start of this execution; a
    nested run that the run is parked for may take as long, too. Nested runs that go on fail with it and undo what they
    have done first.
    A cancelled run does not, and cancelling breaks off rollbacks too: whoever cancels may want to look at what is
    there first.

    Raises:
        Exception: only for faults of this program and of its recorder; steps in flight then stay `running`, and the
            run can be executed again.
    """
    try:
        execution = Execution(context, planner.plan(context.release))
    except DefinitionError as error:
        message = context.redactor.text(str(error))
        return Outcome(status="failed", error=RunError(code="bad_definition", message=message))
    return _cancelled(execution) if context.cancellation else await _until_cancelled(execution)


async def _until_cancelled(execution: Execution) -> Outcome:
    loop = asyncio.get_running_loop()
    work = Breakable(_run(execution))
    ending = Ending(status="cancelled", reason="the run was cancelled")

    def break_off() -> None:
        loop.call_soon_threadsafe(work.break_off, lambda: execution.end(ending))

    with execution.context.cancellation.telling(break_off):
        try:
            return await work.result()
        except BrokenOff:
            return _cancelled(execution)


def _cancelled(execution: Execution) -> Outcome:
    """Return the outcome; a run that was cancelled while it was undone still says what it had failed of."""
    return Outcome(status="cancelled", error=execution.failure)


async def _run(execution: Execution) -> Outcome:
    await _run_in_time(execution)
    if execution.failure is not None:
        return await _undone(execution, execution.failure)
    if execution.is_parked:
        return await _parked(execution)
    return await _finished(execution)


async def _run_in_time(execution: Execution) -> None:
    timeout = execution.context.release.feature.timeout
    if timeout is None:
        return await run_sequences(execution)
    message = f"the run took longer than its {timeout:g} s"
    ending = Ending(status="failed", reason=message, error=StepError(code=RUN_TIMEOUT, message=message))
    work = Breakable(run_sequences(execution))
    timer = asyncio.get_running_loop().call_later(timeout, work.break_off, lambda: execution.end(ending))
    try:
        await work.result()
    except BrokenOff:
        execution.fail(RunError(code=RUN_TIMEOUT, message=message))
    finally:
        timer.cancel()


async def _undone(execution: Execution, failure: RunError) -> Outcome:
    execution.start_undoing()
    if failure is not execution.context.failure:
        await _store_failure(execution, failure)
    if await fail_nested(execution, failure):
        return await _parked(execution)
    try:
        return Outcome(status="failed", error=await roll_back(execution, failure))
    except Parked as parked:
        execution.park(parked)
        return await _parked(execution)


async def _store_failure(execution: Execution, failure: RunError) -> None:
    """Store what the run has failed of, before anything is undone: the next execution must not take it for sound."""
    if execution.finished:
        await execution.journal.store_held()  # or a crash would lose what there is to undo
    await execution.context.recorder.run_failed(failure)


async def _parked(execution: Execution) -> Outcome:
    await execution.journal.store_held()
    return Outcome(status="waiting", due_at=execution.due_at)


async def _finished(execution: Execution) -> Outcome:
    """Map the output. That this fails undoes nothing: every event has done what it should."""
    try:
        output = await _output(execution)
    except FAILURES as error:
        kept = step_error(error, redact=execution.secrecy.text)
        return Outcome(status="failed", error=RunError(code=kept.code, message=kept.message, place="output"))
    output = execution.secrecy.json(output)
    too_large = _too_large(output, execution.context.output_cap_bytes)
    return too_large or Outcome(status="succeeded", output=output, leaves_steps=bool(execution.journal.unfinished))


def _too_large(output: Json, cap_bytes: int | None) -> Outcome | None:
    """Return the failure of a run whose result is larger than may be kept.

    It is not truncated: whoever asked for it, and a run above, would take what is left for the whole.
    """
    size = None if cap_bytes is None else size_beyond(output, cap_bytes=cap_bytes)
    if size is None:
        return None
    message = f"the result is {size} bytes long; return less, or raise DUCTAPE_OUTPUT_CAP_BYTES from {cap_bytes}"
    return Outcome(status="failed", error=RunError(code="output_too_large", message=message, place="output"))


async def _output(execution: Execution) -> Json:
    plan = execution.plan
    if plan.result_of is not None:
        sequence, event = plan.result_of
        return truncated.whole(execution.results[sequence][event])
    return None if plan.output is None else await look_up(execution, plan.output, execution.values(), logs=[])
