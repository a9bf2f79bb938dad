"""Writes the records of one turn of a step: redacted, and in the words that people read."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from integrations.engine.calls import Call
from integrations.engine.execution import Execution
from integrations.engine.failures import step_error
from integrations.engine.records import Checkpoint, StepError, StepRecord, StepStatus
from integrations.engine.signals import StepFailed
from integrations.engine.step import Step
from integrations.types import Json


class Turn:
    """One attempt of a step, or the decision that there is none."""

    def __init__(self, execution: Execution, step: Step, *, attempt: int = 1) -> None:
        self.execution, self.step, self.attempt = execution, step, attempt
        self.call: Call | None = None
        began_at = self._began_at()
        #: Whether an earlier execution was parked in this attempt.
        self.was_parked = began_at is not None
        self.started_at = began_at or execution.context.clock.now()

    def _began_at(self) -> dt.datetime | None:
        """Return when an attempt began that an earlier execution was parked in."""
        checkpoint = self.execution.checkpoint(self.step.key)
        is_same = checkpoint is not None and checkpoint.status == "waiting" and checkpoint.attempts == self.attempt
        return checkpoint.started_at if checkpoint and is_same else None

    async def running(self) -> None:
        await self._write("running")

    async def succeeded(self, output: Json, *, reason: str = "") -> None:
        reason = reason or (self.call.reason if self.call else "")
        await self._write("succeeded", output=self.execution.secrecy.json(output), reason=reason)

    async def skipped(self, reason: str) -> None:
        await self._write("skipped", reason=reason)

    async def failed(self, error: StepError, *, reason: str) -> None:
        await self._write("failed", error=error, reason=reason)

    async def refused(self, error: Exception) -> StepFailed:
        """Record one of `FAILURES` that came before any attempt, and return what to raise then.

        It is final: a retry would be the first attempt, whatever a condition that could not be decided says to that.
        """
        kept = replace(step_error(error, redact=self.execution.secrecy.text), retryable=False)
        await self.failed(kept, reason=self.step.what_follows)
        return StepFailed(step=self.step, error=kept)

    async def waiting(self, due_at: dt.datetime | None, *, reason: str, error: StepError | None = None) -> None:
        await self._write("waiting", due_at=due_at, reason=reason, error=error)

    async def broken_off(self) -> None:
        """Record why the run ended under this step. When it did not, the process is stopping: the step is resumed."""
        ending = self.execution.ending
        if ending is not None:
            await self._write(ending.status, reason=ending.reason, error=ending.error)

    async def _write(
        self,
        status: StepStatus,
        *,
        reason: str = "",
        output: Json = None,
        error: StepError | None = None,
        due_at: dt.datetime | None = None,
    ) -> None:
        event, call, secrecy = self.step.planned.event, self.call, self.execution.secrecy
        reason = "; ".join(filter(None, (self.step.cause, reason)))
        record = StepRecord(
            key=self.step.key,
            attempt=self.attempt,
            type=event.type,
            target=event.event,
            app=event.app,
            status=status,
            reason=secrecy.text(reason) if reason else "",
            input=call.shown_input() if call else None,
            output=output,
            error=error,
            started_at=self.started_at,
            finished_at=None if status == "running" else self.execution.context.clock.now(),
            due_at=due_at,
            idempotency_key=call.idempotency_key if call else "",
            # Once, with the record that stays.
            logs=secrecy.logs(call.logs) if call and status != "running" else (),
        )
        await self.execution.journal.write(record)


async def close_attempt(execution: Execution, step: Step, checkpoint: Checkpoint) -> None:
    """Record of a failed attempt that the run was parked behind that it waits no more: the next one follows now."""
    event = step.planned.event
    record = StepRecord(
        key=step.key,
        attempt=checkpoint.attempts,
        type=event.type,
        target=event.event,
        app=event.app,
        status="failed",
        reason=checkpoint.reason,
        input=checkpoint.input,
        error=checkpoint.error,
        started_at=checkpoint.started_at or execution.context.clock.now(),
        finished_at=checkpoint.finished_at,
        idempotency_key=checkpoint.idempotency_key,
    )
    await execution.journal.write(record)
