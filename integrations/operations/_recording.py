"""Stores what the engine tells: records cross from its event loop to the thread that owns the database connection.

The engine waits for each record's future, which is set once the record is committed. Whatever has gathered meanwhile
goes into one transaction, so that many steps share one disk write.
"""

from __future__ import annotations

import asyncio
import dataclasses
import queue
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

from django.db import transaction

from integrations import models
from integrations.engine.records import Outcome, StepRecord

Entry = tuple[StepRecord, asyncio.Future[None]]


class QueueRecorder:
    """The engine's side. Each run has one, fed into the queue of the thread that writes."""

    def __init__(self, entries: queue.SimpleQueue[Entry | None]) -> None:
        self._entries = entries

    async def record(self, step: StepRecord) -> None:
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._entries.put((step, stored))
        await stored


def write_until_done(
    entries: queue.SimpleQueue[Entry | None],
    execution: Future[Outcome],
    write: Callable[[list[StepRecord]], None],
    acknowledge: Callable[[asyncio.Future[None]], None],
) -> Outcome:
    """Write records until the execution ends, and return its outcome. A failing write ends the execution."""
    execution.add_done_callback(lambda _: entries.put(None))
    try:
        while (batch := _next_batch(entries)) is not None:
            write([record for record, _ in batch])
            for _, stored in batch:
                acknowledge(stored)
    except BaseException:
        execution.cancel()
        raise
    return execution.result()


def _next_batch(entries: queue.SimpleQueue[Entry | None]) -> list[Entry] | None:
    """Wait for one entry and take all that stand behind it; None once the execution is done."""
    first = entries.get()
    if first is None:
        return None
    batch = [first]
    while not entries.empty():
        entry = entries.get()
        if entry is None:
            entries.put(None)
            break
        batch.append(entry)
    return batch


class StepWriter:
    """Writes the steps of one run, in one transaction a batch."""

    def __init__(self, run: models.Run) -> None:
        self._run = run
        self._next_position = models.Step.objects.filter(run=run).count()

    def __call__(self, records: Iterable[StepRecord]) -> None:
        with transaction.atomic():
            for record in records:
                self._write(record)

    def _write(self, record: StepRecord) -> None:
        step, is_new = models.Step.objects.put(
            run=self._run,
            position=self._next_position,
            **dataclasses.asdict(record.key),
            attempt=record.attempt,
            **_columns(record),
        )
        self._next_position += is_new
        at = record.finished_at or record.started_at
        models.RunLog.objects.bulk_create(
            models.RunLog(run=self._run, step=step, at=at, level=line.level, text=line.text) for line in record.logs
        )


def _columns(record: StepRecord) -> dict[str, Any]:
    error = record.error
    return {
        "type": record.type,
        "target": record.target,
        "app": record.app or "",
        "status": record.status,
        "reason": record.reason,
        "input": record.input,
        "output": record.output,
        "error_code": error.code if error else "",
        "error_message": error.message if error else "",
        "error_line": error.line if error else None,
        "error_column": error.column if error else None,
        "retryable": error.retryable if error else False,
        "idempotency_key": record.idempotency_key,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "due_at": record.due_at,
    }
