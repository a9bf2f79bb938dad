"""Executes many claimed runs at once in this process, and stores what they tell.

The engine works on the runtime's event loop; whoever calls `turn` owns the database connection. What has gathered
since the last turn, steps, questions and ends of many runs together, goes into one transaction, so that they share one
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
from integrations.runtime.execution.recorder import BELOW, End, Question, Queue, RunRecorder, Step, Told
from integrations.runtime.lifecycle import run_tree
from integrations.runtime.queue import claiming

logger = logging.getLogger(__name__)

#: Told of each step once it is stored.
OnStep = Callable[[StepRecord], None]


@dataclass(frozen=True, slots=True)
class _Held:
    run: models.Run
    sheet: StepNumbers
    cancellation: Cancellation
    above: RunAbove
    execution: Execution


class Driver:
    """Holds the runs that `begin` was given until they end, park or are given up."""

    def __init__(self, *, runtime: EventLoop, worker: str, on_step: OnStep | None = None) -> None:
        self.worker = worker
        self._runtime = runtime
        self._on_step = on_step
        self._told: Queue = queue.SimpleQueue()
        self._unstored: list[Told] = []
        self._held: dict[uuid.UUID, _Held] = {}

    @property
    def held(self) -> dict[uuid.UUID, int]:
        """Return the fence of every run that is being executed."""
        return {run_id: held.run.fence for run_id, held in self._held.items()}

    def begin(self, runs: Iterable[models.Run]) -> None:
        """Execute runs that were claimed for this worker; one that cannot even be opened ends as failed.

        An earlier execution of one here is given up: it was taken from this worker, which has claimed it again.
        Raises:
            DatabaseError: those behind are not held. `claiming.renew` puts them back into the queue.
        """
        executions: list[Execution] = []
        try:
            for run in runs:
                executions.append(self._opened(run))
        finally:
            self._runtime.start(executions)

    def _opened(self, run: models.Run) -> Execution:
        self.give_up([run.pk])
        cancellation, above, sheet = Cancellation(), RunAbove(), StepNumbers(run)
        if run.cancel_requested_at is not None:
            cancellation.cancel()
        execution = Execution(self._work_of(run, cancellation, above), lambda task: self._told.put(_end(run, task)))
        self._held[run.pk] = _Held(run, sheet, cancellation, above, execution)
        return execution

    def _work_of(
        self, run: models.Run, cancellation: Cancellation, above: RunAbove
    ) -> Callable[[], Coroutine[Any, Any, Outcome]]:
        try:
            teller = RunRecorder(run.pk, run.fence, self._told)
            context = execution_context.open_for(run, teller, cancellation, above, self._runtime)
        except IntegrationsError as error:
            return partial(_not_ready, RunError(code="not_ready", message=error.message))
        except DatabaseError:
            raise
        except Exception as error:
            return partial(_broken_off, error)
        return partial(executor.execute, context)

    def wake(self) -> None:
        """Make a waiting `turn` return; from any thread."""
        self._told.put(None)

    def turn(self, *, timeout_seconds: float) -> list[uuid.UUID]:
        """Wait for something to store, store all that has gathered, and return the runs that are held no more.

        Raises:
            DatabaseError: nothing was stored; the next turn tries the same again.
        """
        self._gather(timeout_seconds)
        if not self._unstored:
            return []
        try:
            ended = self._store(self._unstored)
        except (IntegrityError, DataError):
            return self._store_apart()
        self._unstored = []
        return ended

    def _store_apart(self) -> list[uuid.UUID]:
        """Store what has gathered run by run, since the database refuses some of it, and will each time."""
        ended = []
        for run_id in dict.fromkeys(told.run_id for told in self._unstored):
            own = [told for told in self._unstored if told.run_id == run_id]
            try:
                ended += self._store(own)
            except (IntegrityError, DataError) as error:
                ended += self._refused(run_id, error)
            self._unstored = [told for told in self._unstored if told.run_id != run_id]
        return ended

    def _refused(self, run_id: uuid.UUID, error: DatabaseError) -> list[uuid.UUID]:
        if run_id not in self._held:
            return []
        run = self._held[run_id].run
        _crashed(run, "the database refused what it did", error, now=clock.now())
        self.give_up([run_id])
        return [run_id]

    def call_off(self, runs: Mapping[uuid.UUID, RunError | None]) -> None:
        """Let these runs fail of that error, and undo what they have done.

        Those with None are broken off where they are, outside calls included, and end as cancelled.
        """
        for run_id, error in runs.items():
            if run_id not in self._held:
                continue
            if error is None:
                self._held[run_id].cancellation.cancel()
            else:
                self._held[run_id].above.failure = error

    def give_up(self, run_ids: Iterable[uuid.UUID]) -> None:
        """Stop executing these runs and store nothing more of them: somebody else holds them."""
        held = [self._held.pop(run_id) for run_id in list(run_ids) if run_id in self._held]
        self._runtime.break_off([each.execution for each in held])

    def _gather(self, timeout_seconds: float) -> None:
        try:
            told = None if self._unstored else self._told.get(timeout=timeout_seconds)
            while True:
                if told is not None:
                    self._unstored.append(told)
                told = self._told.get_nowait()
        except queue.Empty:
            return

    def _store(self, told: list[Told]) -> list[uuid.UUID]:
        """Write all that is still ours in one transaction; only then does the engine hear that it is stored."""
        fences = self.held
        told = [each for each in told if fences.get(each.run_id) == each.fence]
        batch = _Batch(told, self._held, now=clock.now())
        with write_lock.writing():
            lost = claiming.lost({each.run_id: each.fence for each in told}, family=batch.family)
            replies = batch.write(lost=lost)
        self.give_up(lost)
        told = [each for each in told if each.run_id not in lost]
        ended = [each.run_id for each in told if isinstance(each, End)]
        for run_id in ended:
            del self._held[run_id]
        self._tell([each for each in told if isinstance(each, Step)], replies)
        return [*lost, *ended]

    def _tell(self, steps: list[Step], replies: list[Reply]) -> None:
        stored = [Reply(step.stored) for step in steps if step.stored is not None]
        self._runtime.reply([*stored, *replies])
        if self._on_step is not None:
            for step in steps:
                self._on_step(step.record)


class _Batch:
    """What one turn writes. It is made ready before the transaction begins, since others may wait for that to end."""

    def __init__(self, told: list[Told], held: Mapping[uuid.UUID, _Held], *, now: dt.datetime) -> None:
        self._now = now
        self._steps = ready_steps((held[each.run_id].sheet, each.record) for each in told if isinstance(each, Step))
        # Everybody locks shared rows in the same order, or two workers would wait for each other.
        self._questions = sorted((each for each in told if isinstance(each, Question)), key=lambda each: each.locks)
        ends = [(held[each.run_id].run, each.outcome) for each in told if isinstance(each, End)]
        self._ends = ready_ends(((run, end) for run, end in ends if isinstance(end, Outcome)), now=now)
        self._broken_off = [(run, end) for run, end in ends if not isinstance(end, Outcome)]

        self.family = self._above() | run_tree.below(
            question.run_id for question in self._questions if question.locks == BELOW
        )

    def _above(self) -> set[uuid.UUID]:
        """Return the runs above those that end, which are told of it."""
        ending = [*(end.run for end in self._ends), *(run for run, _ in self._broken_off)]
        return {run.parent_id for run in ending if run.parent_id is not None}

    def write(self, *, lost: Container[uuid.UUID]) -> list[Reply]:
        """Write all but what is of lost runs, and return the answers to the questions."""
        store_steps([step for step in self._steps if step.run_id not in lost])
        replies = [_answered(question) for question in self._questions if question.run_id not in lost]
        store_ends([end for end in self._ends if end.run.pk not in lost], now=self._now)
        for run, error in self._broken_off:
            if run.pk not in lost:
                _crashed(run, "the execution broke off", error, now=self._now)
        return replies


async def _not_ready(error: RunError) -> Outcome:
    return Outcome(status="failed", error=error)


async def _broken_off(error: Exception) -> Outcome:
    raise error


def _end(run: models.Run, task: asyncio.Task[Outcome]) -> End:
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    return End(run.pk, run.fence, task.result() if error is None else error)


def _answered(question: Question) -> Reply:
    try:
        return Reply(question.answer, value=question.ask())
    except IntegrationsError as error:
        return Reply(question.answer, error=error)


def _crashed(run: models.Run, what: str, error: BaseException, *, now: dt.datetime) -> None:
    """Count it as a crash of the run that a fault of this program ended its execution, its worker going on."""
    logger.error("A run crashed: %s", what, exc_info=error, extra={"action": "run_crashed", "run": str(run.pk)})
    claiming.crashed(run, evidence=f"{what}: {type(error).__name__}", now=now)
