"""Executes many claimed runs at once in this process, and stores what they tell.

The engine works on the runtime's event loop; whoever calls `turn` owns the database connection. What has gathered
since the last turn, steps, questions and ends of many runs together, goes into one transaction, so that they share one
disk write. The engine waits for each finished step until it is committed.
"""

from __future__ import annotations

import logging
import queue
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

from integrations import models
from integrations.engine import executor
from integrations.engine.context import Cancellation
from integrations.engine.records import Outcome, RunError, StepRecord
from integrations.errors import IntegrationsError
from integrations.operations import _claiming, _contexts, _database_time, _write_turns
from integrations.operations._runtime import Reply, Runtime
from integrations.operations._storing import StepSheet, store_ends, store_steps
from integrations.operations._telling import End, Question, Queue, Step, Teller, Told

logger = logging.getLogger(__name__)

#: Told of each step once it is stored.
OnStep = Callable[[StepRecord], None]


@dataclass(frozen=True, slots=True)
class _Held:
    run: models.Run
    sheet: StepSheet
    execution: Future[Outcome]
    cancellation: Cancellation


class Driver:
    """Holds the runs that `begin` was given until they end, park or are given up."""

    def __init__(self, *, runtime: Runtime, worker: str, on_step: OnStep | None = None) -> None:
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

    def begin(self, run: models.Run) -> None:
        """Execute a run that was claimed for this worker; one that cannot even be opened ends as failed.

        An earlier execution of it here is given up: the run was taken from this worker, which has claimed it again.
        """
        self.give_up([run.pk])
        cancellation, sheet = Cancellation(), StepSheet(run)
        try:
            context = _contexts.open_for(run, Teller(run.pk, run.fence, self._told), cancellation, self._runtime)
        except IntegrationsError as error:
            execution: Future[Outcome] = Future()
            execution.set_result(Outcome(status="failed", error=RunError(code="not_ready", message=error.message)))
        else:
            execution = self._runtime.submit(executor.execute(context))
        self._held[run.pk] = _Held(run, sheet, execution, cancellation)
        execution.add_done_callback(lambda _: self._told.put(End(run.pk, run.fence)))

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
        ended = self._store(self._unstored)
        self._unstored = []
        return ended

    def cancel(self, run_ids: Iterable[uuid.UUID]) -> None:
        """Break these runs off where they are, outside calls included; they end as cancelled."""
        for run_id in run_ids:
            if run_id in self._held:
                self._held[run_id].cancellation.cancel()

    def give_up(self, run_ids: Iterable[uuid.UUID]) -> None:
        """Stop executing these runs and store nothing more of them: somebody else holds them."""
        for run_id in list(run_ids):
            held = self._held.pop(run_id, None)
            if held is not None:
                held.execution.cancel()

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
        with _write_turns.writing():
            lost = _claiming.lost({each.run_id: each.fence for each in told})
            told = [each for each in told if each.run_id not in lost]
            store_steps([(self._held[each.run_id].sheet, each.record) for each in told if isinstance(each, Step)])
            # Everybody locks shared rows in the same order, or two workers would wait for each other.
            questions = sorted((each for each in told if isinstance(each, Question)), key=lambda each: each.locks)
            replies = [_answered(question) for question in questions]
            ended = [each.run_id for each in told if isinstance(each, End)]
            store_ends(_outcomes(self._held[run_id] for run_id in ended))
        self.give_up(lost)
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


def _answered(question: Question) -> Reply:
    try:
        return Reply(question.answer, value=question.ask())
    except IntegrationsError as error:
        return Reply(question.answer, error=error)


def _outcomes(ended: Iterable[_Held]) -> Iterator[tuple[models.Run, Outcome]]:
    """Yield how executions ended; one that a fault of this program broke off counts as a crash of its run instead."""
    for held in ended:
        try:
            yield held.run, held.execution.result()
        except (Exception, CancelledError) as error:
            logger.exception("Execution broke off", extra={"action": "execution_broke_off", "run": str(held.run.pk)})
            evidence = f"the execution broke off: {type(error).__name__}"
            _claiming.crashed(held.run, evidence=evidence, now=_database_time.now())
