"""A worker's source of runs in Celery mode: announced runs, and those that no message announces."""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Collection, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field

from integrations import models
from integrations.runtime.db.wakeups import Wake
from integrations.runtime.queue import claiming
from integrations.workers.redelivery import Redelivery


@dataclass(frozen=True, slots=True)
class _Delivery:
    run_id: uuid.UUID
    #: Whether this worker is done with the message; False has it delivered to another one.
    is_done: Future[bool] = field(default_factory=Future)


class BrokerSource:
    """Fulfils `sources.Source`; `execute` is called by the threads that receive messages.

    A run that is due later (a wait, a retry, a scheduled start), was handed back or lost its worker is not announced:
    an idle worker looks for it and claims it, which is quicker than to send a message about it. A lost message is sent
    again; if it does not arrive then, because the broker is down, its run is claimed in the same way.
    """

    #: Within this a parked run is claimed when its time has come.
    look_seconds = 0.25
    #: For so long after its start a worker waits for messages only.
    first_look_seconds = 2.0

    def __init__(self) -> None:
        self._delivered: queue.SimpleQueue[_Delivery] = queue.SimpleQueue()
        self._waiting: list[_Delivery] = []
        self._claimed: list[_Delivery] = []
        self._wake: Wake | None = None
        self._look_at = 0.0
        self._redelivery: Redelivery | None = None

    def execute(self, run_id: uuid.UUID, *, patience_seconds: float) -> bool:
        """Have the worker execute the run, and wait; return False when it stops before it has claimed it.

        Returns True also when the run could not be claimed, and after `patience_seconds` in any case: a run that takes
        longer is kept by its lease.
        """
        delivery = _Delivery(run_id)
        self._delivered.put(delivery)
        if self._wake is None:
            return False
        self._wake()
        finished, _ = wait([delivery.is_done], timeout=patience_seconds)
        return delivery.is_done.result() if finished else True

    @contextmanager
    def listening(self, wake: Wake) -> Iterator[None]:
        self._wake = wake
        self._redelivery = Redelivery()
        # The message of a run that was late before this worker started is at the broker, or about to be sent again.
        self._look_at = time.monotonic() + self.first_look_seconds
        try:
            yield
        finally:
            self._wake = None
            self._redelivery.close()
            self._redelivery = None
            self._receive()
            for delivery in self._waiting:
                delivery.is_done.set_result(False)
            self._waiting.clear()

    def claim(self, *, worker: str, limit: int) -> list[models.Run]:
        runs = self._claim_delivered(worker=worker, limit=limit)
        if len(runs) < limit and time.monotonic() >= self._look_at:
            runs += claiming.claim_overlooked(worker=worker, limit=limit - len(runs))
            self._look_at = time.monotonic() + self.look_seconds
        return runs

    def keep(self, run_ids: Collection[uuid.UUID]) -> None:
        for delivery in self._claimed:
            if delivery.run_id not in run_ids:
                delivery.is_done.set_result(True)
        self._claimed = [delivery for delivery in self._claimed if delivery.run_id in run_ids]
        if self._redelivery is not None:
            self._redelivery.look()

    def _claim_delivered(self, *, worker: str, limit: int) -> list[models.Run]:
        self._receive()
        batch = self._waiting[:limit]
        if not batch:
            return []
        runs = claiming.claim_announced({delivery.run_id for delivery in batch}, worker=worker)
        # Only now, since nothing went wrong. The next `keep` is done with those that could not be claimed.
        self._claimed += batch
        del self._waiting[:limit]
        return runs

    def _receive(self) -> None:
        try:
            while True:
                self._waiting.append(self._delivered.get_nowait())
        except queue.Empty:
            return
