"""What crosses from the event loop, where runs execute, to the thread that owns the database connection."""

from __future__ import annotations

import asyncio
import queue
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from integrations.engine.records import Outcome, RunError, StepRecord
from integrations.runtime.execution import persistence

Answer = TypeVar("Answer")
#: What a question locks that writes for runs below its own; they are locked together with that, in the same order.
BELOW = "runs below"


@dataclass(frozen=True, slots=True)
class Step:
    """A step to store; `stored` is set once that is committed, None when its execution does not wait for it."""

    run_id: uuid.UUID
    fence: int
    record: StepRecord
    stored: asyncio.Future[None] | None


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask of the database; `answer` gets the result, or the error, once that is committed."""

    run_id: uuid.UUID
    fence: int
    ask: Callable[[], Any]
    answer: asyncio.Future[Any]
    #: Names the row that it locks, if other runs lock it, too; questions of one batch are asked in the order of these.
    locks: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """The end of a run's execution: its outcome, or an internal error."""

    run_id: uuid.UUID
    fence: int
    outcome: Outcome | BaseException


Message = Step | Question | End
#: None wakes the thread that waits for messages.
Queue = queue.SimpleQueue[Message | None]


class RunRecorder:
    """The engine's side of one run: fulfils `engine.records.Recorder`.

    The fence tells this execution from a later one in the same process, which may begin while this one still reports.
    """

    def __init__(self, run_id: uuid.UUID, fence: int, messages: Queue) -> None:
        self._run_id, self._fence = run_id, fence
        self._messages = messages

    async def record(self, step: StepRecord) -> None:
        """Return once a finished step is stored; a running one is for people who watch, and is not waited for."""
        stored = None if step.status == "running" else asyncio.get_running_loop().create_future()
        self._messages.put(Step(self._run_id, self._fence, step, stored))
        if stored is not None:
            await stored

    async def run_failed(self, error: RunError) -> None:
        await self.ask(lambda: persistence.store_failure(self._run_id, error))

    async def ask(self, ask: Callable[[], Answer], *, locks: str = "") -> Answer:
        """Return what `ask` returns, called in the database's thread, in one transaction with the rest of its batch.

        It runs only while the run's lease lasts. It must be quick, and may be called again when the database was away.
        `locks` names the row that it locks, if it locks one that is not its run's; `BELOW` are runs below it.
        Raises what `ask` raises, if that is an IntegrationsError.
        """
        return await self._put(ask, locks)

    def tell(self, work: Callable[[], object], *, locks: str = "") -> None:
        """Have `work` done as `ask` has it, without waiting for it: also from what is being cancelled."""
        self._put(work, locks)

    def _put(self, ask: Callable[[], Answer], locks: str) -> asyncio.Future[Answer]:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._messages.put(Question(self._run_id, self._fence, ask, answer, locks))
        return answer
