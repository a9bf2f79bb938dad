"""What crosses from the event loop, where runs execute, to the thread that owns the database connection."""

from __future__ import annotations

import asyncio
import queue
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from integrations.engine.records import StepRecord

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Step:
    """A step to store; `stored` is set once that is committed, None when nobody waits for it."""

    run_id: uuid.UUID
    record: StepRecord
    stored: asyncio.Future[None] | None


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask of the database; `answer` gets the result, or the error, once that is committed."""

    run_id: uuid.UUID
    ask: Callable[[], Any]
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class End:
    """The execution of the run is over; its future says how."""

    run_id: uuid.UUID


Told = Step | Question | End
Queue = queue.SimpleQueue[Told | None]


class Teller:
    """The engine's side of one run: fulfils `engine.records.Recorder`."""

    def __init__(self, run_id: uuid.UUID, told: Queue) -> None:
        self._run_id = run_id
        self._told = told

    async def record(self, step: StepRecord) -> None:
        """Return once a finished step is stored; a running one is for people who look on, and nobody waits for it."""
        stored = None if step.status == "running" else asyncio.get_running_loop().create_future()
        self._told.put(Step(self._run_id, step, stored))
        if stored is not None:
            await stored

    async def ask(self, ask: Callable[[], Answer]) -> Answer:
        """Return what `ask` gives, called in the database's thread, in one transaction with all else of that turn.

        It runs only while the run is still held. It must be quick, and may be called again when the database was away.
        Raises what `ask` raises, if that is an IntegrationsError.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._told.put(Question(self._run_id, ask, answer))
        return await answer
