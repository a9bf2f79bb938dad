"""Runs one step: its attempts one after the other, each recorded, until one succeeds or none is left."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter

from integrations.engine import caching, retry, waits
from integrations.engine.calling import new_call
from integrations.engine.execution import Execution
from integrations.engine.failures import FAILURES, EventError, step_error
from integrations.engine.plan import NestedTarget, WaitTarget
from integrations.engine.recording import Turn, close_attempt
from integrations.engine.records import Checkpoint, StepError
from integrations.engine.signals import Awaiting, Parked, StepFailed, Stopped
from integrations.engine.step import Step
from integrations.types import Json


async def run_step(execution: Execution, step: Step) -> Json:
    """Return the step's result, from its checkpoint if an earlier execution finished it.

    Raises:
        StepFailed: no attempt is left.
        Parked: the next attempt is due later than an execution may wait.
        Stopped: the run has failed elsewhere, so there is no further attempt.
    """
    checkpoint = execution.checkpoint(step.key)
    if checkpoint is not None and checkpoint.status == "succeeded":
        return execution.restored(checkpoint)
    if isinstance(step.planned.target, WaitTarget):
        await waits.run_wait(execution, step, checkpoint)
        return None
    return await _Attempts(execution, step).run(checkpoint)


class _AttemptFailed(Exception):
    def __init__(self, error: StepError, *, retry_after_seconds: float | None) -> None:
        super().__init__(error.message)
        self.error, self.retry_after_seconds = error, retry_after_seconds


class _Attempts:
    def __init__(self, execution: Execution, step: Step) -> None:
        self.execution, self.step = execution, step
        self.number = 1
        #: Retries by error code, for statuses that have a limit of their own.
        self.used: Counter[str] = Counter()

    async def run(self, checkpoint: Checkpoint | None) -> Json:
        if checkpoint is not None:
            await self._take_up(checkpoint)
        while True:
            if not isinstance(self.step.planned.target, NestedTarget):  # a run that is there is looked after
                self.execution.halt_if_failed(self.step)
            turn = Turn(self.execution, self.step, attempt=self.number)
            try:
                return await _attempt(self.execution, self.step, turn)
            except _AttemptFailed as failure:
                await self._follow_up(turn, failure)
            self.number += 1

    async def _take_up(self, checkpoint: Checkpoint) -> None:
        """Go on where an earlier execution of the run was: attempts that are used up stay used up."""
        self.number = max(1, checkpoint.attempts)
        self.used.update(checkpoint.earlier_errors)
        if checkpoint.error is None:
            return  # cut off or parked in the middle of this attempt, which is made again
        if checkpoint.status == "failed" and self._decide(checkpoint.error) is None:
            raise StepFailed(step=self.step, error=checkpoint.error)
        if checkpoint.status == "waiting" and checkpoint.due_at is not None:
            self.execution.halt_if_failed(self.step)
            await waits.wait_until(self.execution, checkpoint.due_at)
            await close_attempt(self.execution, self.step, checkpoint)
        self.used[checkpoint.error.code] += 1
        self.number += 1

    async def _follow_up(self, turn: Turn, failure: _AttemptFailed) -> None:
        """Record a failed attempt, and return when it is time for the next one."""
        error = failure.error
        decision = self._decide(error, retry_after_seconds=failure.retry_after_seconds)
        if decision is None:
            await turn.failed(error, reason=self.step.what_follows)
            raise StepFailed(step=self.step, error=error)
        if self.execution.is_halted(self.step):
            await turn.failed(error, reason="not tried again, since the run has failed elsewhere")
            raise Stopped
        self.used[error.code] += 1
        due_at = self.execution.context.clock.now() + dt.timedelta(seconds=decision.delay_seconds)
        if waits.is_short(self.execution, decision.delay_seconds):
            await turn.failed(error, reason=decision.reason)
        else:
            await turn.waiting(due_at, error=error, reason=decision.reason)
        await waits.wait_until(self.execution, due_at)

    def _decide(self, error: StepError, *, retry_after_seconds: float | None = None) -> retry.RetryDecision | None:
        return retry.decide(
            error=error,
            attempt=self.number,
            rules=self.step.planned.retry,
            used=self.used[error.code],
            random=self.execution.context.random,
            retry_after_seconds=retry_after_seconds,
        )


async def _attempt(execution: Execution, step: Step, turn: Turn) -> Json:
    """Return the result of one attempt, recorded; a failed one is recorded by whoever decides what follows."""
    timeout = step.planned.event.timeout
    deadline = asyncio.timeout(timeout)
    try:
        async with deadline:
            result = await _call(execution, step, turn)
    except FAILURES as error:
        raise _failed(execution, error, has_deadline=timeout is not None) from error
    except TimeoutError:
        if not deadline.expired():
            raise
        if turn.call is not None:
            turn.call.time_is_up()
        late = EventError(f"it took longer than its {timeout:g} s", code="timeout", retryable=True)
        raise _failed(execution, late, has_deadline=True) from None
    except Awaiting as awaiting:
        await turn.waiting(awaiting.due_at, reason=awaiting.reason)
        raise Parked(awaiting.due_at, keeps_place=True) from None
    except asyncio.CancelledError:
        await turn.broken_off()
        raise
    await turn.succeeded(result)
    return result


async def _call(execution: Execution, step: Step, turn: Turn) -> Json:
    turn.call = new_call(execution, step, attempt=turn.attempt)
    await turn.call.prepare()
    await turn.running()
    return await caching.make(turn, turn.call)


def _failed(execution: Execution, error: Exception, *, has_deadline: bool) -> _AttemptFailed:
    kept = step_error(error, redact=execution.secrecy.text)
    if kept.code == "timeout" and has_deadline:
        # The event's own limit ended it, whether the engine or the function's process noticed first.
        kept = StepError(code=kept.code, message=kept.message, retryable=True, line=kept.line, column=kept.column)
    return _AttemptFailed(kept, retry_after_seconds=getattr(error, "retry_after_seconds", None))
