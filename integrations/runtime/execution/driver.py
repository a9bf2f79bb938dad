"""Executes many claimed runs at once in this process, and stores what they report.

The engine works on the event loop; the thread that calls `store_pending` owns the database connection. What has
gathered since the last call, steps, questions and ends of many runs, goes into one transaction, so that they share one
disk write. The engine waits for each finished step until it is committed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import queue
import uuid
from collections.abc import Callable, Container, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import DatabaseError, DataError, IntegrityError

from integrations import models
from integrations.engine import executor
from integrations.engine.context import Cancellation, RunAbove
from integrations.engine.records import Outcome, RunError, StepRecord
from integrations.errors import IntegrationsError
from integrations.runtime.db import clock, write_lock
from integrations.runtime.execution import context as execution_context
from integrations.runtime.execution.event_loop import EventLoop, Execution, Reply
from integrations.runtime.execution.persistence import StepNumbers, ready_ends, ready_steps, store_ends, store_steps
from integrations.runtime.execution.recorder import BELOW, End, Message, Question, Queue, RunRecorder, Step
from integrations.runtime.lifecycle import run_tree
from integrations.runtime.queue import claiming

logger = logging.getLogger(__name__)

#: Called with each step once it is stored.
OnStep = Callable[[StepRecord], None]


@dataclass(frozen=True, slots=True)
class _ActiveRun:
    run: models.Run
    numbers: StepNumbers
    cancellation: Cancellation
    above: RunAbove
    execution: Execution


class Driver:
    """Executes the runs that `start` was given until they end, park or are abandoned."""

    def __init__(self, *, event_loop: EventLoop, worker: str, on_step: OnStep | None = None) -> None:
        self.worker = worker
        self._event_loop = event_loop
        self._on_step = on_step
        self._messages: Queue = queue.SimpleQueue()
        self._pending: list[Message] = []
        self._active: dict[uuid.UUID, _ActiveRun] = {}

    @property
    def leases(self) -> dict[uuid.UUID, int]:
        """Return the fence of each run that is being executed, by its id."""
        return {run_id: active.run.fence for run_id, active in self._active.items()}

    def start(self, runs: Iterable[models.Run]) -> None:
        """Execute runs that were claimed for this worker; one whose context cannot be opened ends as failed.

        An earlier execution of the same run is abandoned: its lease was lost, and this worker has claimed it again.
        Raises:
            DatabaseError: the runs behind are not executed. `claiming.renew` puts them back into the queue.
        """
        executions: list[Execution] = []
        try:
            for run in runs:
                self.abandon([run.pk])
                executions.append(self._prepare(run))
        finally:
            self._event_loop.start(executions)

    def _prepare(self, run: models.Run) -> Execution:
        cancellation, above, numbers = Cancellation(), RunAbove(), StepNumbers(run)
        if run.cancel_requested_at is not None:
            cancellation.cancel()
        recorder = RunRecorder(run.pk, run.fence, self._messages)
        work: Callable[[], Coroutine[Any, Any, Outcome]]
        try:
            context = execution_context.open_for(run, recorder, cancellation, above, self._event_loop)
            work = partial(executor.execute, context)
        except IntegrationsError as error:
            failed = Outcome(status="failed", error=RunError(code="not_ready", message=error.message))
            work = partial(_without_context, failed)
        except DatabaseError:
            raise
        except Exception as error:
            work = partial(_without_context, error)
        execution = Execution(work, lambda task: self._messages.put(_end(run, task)))
        self._active[run.pk] = _ActiveRun(run, numbers, cancellation, above, execution)
        return execution

    def wake(self) -> None:
        """Make a waiting `store_pending` return; from any thread."""
        self._messages.put(None)

    def store_pending(self, *, timeout_seconds: float) -> list[uuid.UUID]:
        """Wait for something to store, store all that has gathered, and return the runs that are executed no more.

        Raises:
            DatabaseError: nothing was stored; the next call tries the same again.
        """
        self._gather(timeout_seconds)
        if not self._pending:
            return []
        try:
            ended = self._store(self._pending)
        except (IntegrityError, DataError):
            return self._store_run_by_run()
        self._pending = []
        return ended

    def _gather(self, timeout_seconds: float) -> None:
        try:
            message = None if self._pending else self._messages.get(timeout=timeout_seconds)
            while True:
                if message is not None:
                    self._pending.append(message)
                message = self._messages.get_nowait()
        except queue.Empty:
            return

    def _store_run_by_run(self) -> list[uuid.UUID]:
        """Store what is pending for each run by itself: the database refuses some of it, and would each time."""
        ended = []
        for run_id in dict.fromkeys(message.run_id for message in self._pending):
            try:
                ended += self._store([message for message in self._pending if message.run_id == run_id])
            except (IntegrityError, DataError) as error:
                if run_id in self._active:
                    _crashed(self._active[run_id].run, "the database refused what it did", error, now=clock.now())
                    self.abandon([run_id])
                    ended.append(run_id)
            self._pending = [message for message in self._pending if message.run_id != run_id]
        return ended

    def _store(self, messages: list[Message]) -> list[uuid.UUID]:
        """Write all that is still this worker's in one transaction; only then does the engine hear of it."""
        leases = self.leases
        messages = [message for message in messages if leases.get(message.run_id) == message.fence]
        batch = _Batch(messages, self._active, now=clock.now())
        with write_lock.writing():
            lost = claiming.lost_leases({each.run_id: each.fence for each in messages}, related=batch.related)
            replies = batch.write(lost=lost)
        self.abandon(lost)
        stored = [message for message in messages if message.run_id not in lost]
        ended = [message.run_id for message in stored if isinstance(message, End)]
        for run_id in ended:
            del self._active[run_id]
        steps = [message for message in stored if isinstance(message, Step)]
        self._event_loop.reply([*(Reply(step.stored) for step in steps if step.stored is not None), *replies])
        if self._on_step is not None:
            for step in steps:
                self._on_step(step.record)
        return [*lost, *ended]

    def stop(self, runs: Mapping[uuid.UUID, RunError | None]) -> None:
        """Stop runs: with an error they fail of it and undo what they have done; with None they are cancelled.

        A cancelled run is stopped where it is, calls in progress included.
        """
        for run_id, error in runs.items():
            if run_id not in self._active:
                continue
            if error is None:
                self._active[run_id].cancellation.cancel()
            else:
                self._active[run_id].above.failure = error

    def abandon(self, run_ids: Iterable[uuid.UUID]) -> None:
        """Stop executing these runs and store nothing more of them: their leases are lost, or given back."""
        active = [self._active.pop(run_id) for run_id in list(run_ids) if run_id in self._active]
        self._event_loop.cancel([each.execution for each in active])


class _Batch:
    """What one `store_pending` writes, made ready before its transaction: others may wait for that to end."""

    def __init__(self, messages: list[Message], active: Mapping[uuid.UUID, _ActiveRun], *, now: dt.datetime) -> None:
        self._now = now
        self._steps = ready_steps(
            (active[message.run_id].numbers, message.record) for message in messages if isinstance(message, Step)
        )
        # All processes lock shared rows in the same order, or two workers would wait for each other.
        self._questions = sorted((each for each in messages if isinstance(each, Question)), key=lambda each: each.locks)
        ends = [(active[each.run_id].run, each.outcome) for each in messages if isinstance(each, End)]
        self._ends = ready_ends(((run, end) for run, end in ends if isinstance(end, Outcome)), now=now)
        self._crashes = [(run, end) for run, end in ends if not isinstance(end, Outcome)]
        #: Runs above those that end, which are woken, and nested runs that a question writes for.
        self.related = {run.parent_id for run, _ in ends if run.parent_id is not None} | run_tree.unfinished_below(
            question.run_id for question in self._questions if question.locks == BELOW
        )

    def write(self, *, lost: Container[uuid.UUID]) -> list[Reply]:
        """Write all but what is of lost runs, and return the answers to the questions."""
        store_steps([step for step in self._steps if step.run_id not in lost])
        replies = [_answered(question) for question in self._questions if question.run_id not in lost]
        store_ends([end for end in self._ends if end.run.pk not in lost], now=self._now)
        for run, error in self._crashes:
            if run.pk not in lost:
                _crashed(run, "its execution failed with an internal error", error, now=self._now)
        return replies


async def _without_context(result: Outcome | Exception) -> Outcome:
    if isinstance(result, Exception):
        raise result
    return result


def _end(run: models.Run, task: asyncio.Task[Outcome]) -> End:
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    return End(run.pk, run.fence, task.result() if error is None else error)


def _answered(question: Question) -> Reply:
    try:
        return Reply(question.answer, value=question.ask())
    except IntegrationsError as error:
        return Reply(question.answer, error=error)


def _crashed(run: models.Run, what: str, error: BaseException, *, now: dt.datetime) -> None:
    """Count an internal error that ended the run's execution as a crash of the run; the worker stays."""
    logger.error("A run crashed: %s", what, exc_info=error, extra={"action": "run_crashed", "run": str(run.pk)})
    claiming.crashed(run, evidence=f"{what}: {type(error).__name__}", now=now)
