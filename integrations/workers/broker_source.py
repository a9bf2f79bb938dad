"""A worker's source of runs in Celery mode: those that messages announced, and those that no message comes for."""

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
    #: Whether this worker has dealt with the message; False wants it delivered to another one.
    is_dealt_with: Future[bool] = field(default_factory=Future)


class BrokerSource:
    """Fulfils `sources.Source`; `deal_with` is called by the threads that receive messages.

    What is due later (a wait, a retry, a scheduled start) and what was handed back or lost its worker is not announced:
    an idle worker looks for it and takes it up itself, which is quicker than to send a message about it. A message that
    is lost is sent again; if it does not come then, because the broker is down, the run is taken up in the same way.
    """

    #: Within this a parked run is taken up when its time has come.
    look_seconds = 0.25
    #: For so long after its start a worker leaves that to messages.
    first_look_seconds = 2.0

    def __init__(self) -> None:
        self._delivered: queue.SimpleQueue[_Delivery] = queue.SimpleQueue()
        self._waiting: list[_Delivery] = []
        self._taken: list[_Delivery] = []
        self._wake: Wake | None = None
        self._look_at = 0.0
        self._resender: Redelivery | None = None

    def deal_with(self, run_id: uuid.UUID, *, patience_seconds: float) -> bool:
        """Return once the run is no longer ours, or it never was; False when this worker is stopping and did not get
        to it.

        Returns after `patience_seconds` in any case: a run that goes on longer is kept by its lease.
        """
        delivery = _Delivery(run_id)
        self._delivered.put(delivery)
        if self._wake is None:
            return False
        self._wake()
        finished, _ = wait([delivery.is_dealt_with], timeout=patience_seconds)
        return delivery.is_dealt_with.result() if finished else True

    @contextmanager
    def listening(self, wake: Wake) -> Iterator[None]:
        self._wake = wake
        self._resender = Redelivery()
        # What was late before this worker was there has its message at the broker, or is about to get one.
        self._look_at = time.monotonic() + self.first_look_seconds
        try:
            yield
        finally:
            self._wake = None
            self._resender.close()
            self._resender = None
            self._refuse_rest()

    def claim(self, *, worker: str, limit: int) -> list[models.Run]:
        runs = self._claim_delivered(worker=worker, limit=limit)
        if len(runs) < limit and time.monotonic() >= self._look_at:
            runs += claiming.claim_overlooked(worker=worker, limit=limit - len(runs))
            self._look_at = time.monotonic() + self.look_seconds
        return runs

    def keep(self, held: Collection[uuid.UUID]) -> None:
        for delivery in self._taken:
            if delivery.run_id not in held:
                delivery.is_dealt_with.set_result(True)
        self._taken = [delivery for delivery in self._taken if delivery.run_id in held]
        if self._resender is not None:
            self._resender.look()

    def _claim_delivered(self, *, worker: str, limit: int) -> list[models.Run]:
        self._receive()
        batch = self._waiting[:limit]
        if not batch:
            return []
        runs = claiming.claim_announced({delivery.run_id for delivery in batch}, worker=worker)
        # Only now, after nothing went wrong. Those that were not to be had are dealt with by the next `keep`.
        self._taken += batch
        del self._waiting[:limit]
        return runs

    def _receive(self) -> None:
        try:
            while True:
                self._waiting.append(self._delivered.get_nowait())
        except queue.Empty:
            return

    def _refuse_rest(self) -> None:
        self._receive()
        for delivery in self._waiting:
            delivery.is_dealt_with.set_result(False)
        self._waiting.clear()
