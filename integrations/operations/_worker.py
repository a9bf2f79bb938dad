"""One worker process: claims due runs, executes many at once, keeps its leases, and stops without losing any."""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from django.db import DatabaseError, IntegrityError, ProgrammingError, connection

from integrations import conf, models
from integrations.operations import _claiming, _database_time, _runtime, _waking, housekeeping
from integrations.operations._bulk_work import BulkWork
from integrations.operations._driving import Driver
from integrations.operations._execution import worker_name
from integrations.operations._scheduler import Scheduler

logger = logging.getLogger(__name__)

#: How long a database that does not answer is left alone.
_DATABASE_PAUSE_SECONDS = 0.5
#: A worker ends when the database, which answers, has refused so many of its passes in a row: no waiting mends a table
#: that is not there. A single refusal may be what a lost connection has left behind.
_MOST_REFUSALS = 3


class Source(Protocol):
    """Where a worker's runs come from; all but `listening`'s callback happens in the worker's thread."""

    #: How long a worker waits at most before it looks by itself whether there is something.
    look_seconds: float

    def listening(self, wake: _waking.Wake) -> AbstractContextManager[None]:
        """Call `wake`, from any thread, whenever there may be something, while the block runs."""

    def claim(self, *, worker: str, limit: int) -> list[models.Run]: ...

    def keep(self, held: Collection[uuid.UUID]) -> None:
        """Learn what the worker holds now, after each pass: what it held before and holds no more is dealt with."""


class TheTable:
    """The table of runs itself: whatever is due."""

    look_seconds = 1.0

    def listening(self, wake: _waking.Wake) -> AbstractContextManager[None]:
        return _waking.listening(wake)

    def claim(self, *, worker: str, limit: int) -> list[models.Run]:
        return _claiming.claim_due(worker=worker, limit=limit)

    def keep(self, held: Collection[uuid.UUID]) -> None:
        """Nobody waits for a run here."""


class Worker:
    """Executes runs from its source until it is asked to stop."""

    def __init__(self, *, concurrency: int, source: Source | None = None) -> None:
        self._concurrency = concurrency
        self._source = source or TheTable()
        self._row = models.Worker(
            name=worker_name(), host=socket.gethostname(), pid=os.getpid(), concurrency=concurrency
        )
        self._driver = Driver(runtime=_runtime.shared(), worker=self._row.name)
        self._scheduler = Scheduler()
        self._bulk = BulkWork()
        self._stop_at: float | None = None
        self._executed = 0
        self._heartbeat_at = self._cancel_at = self._sweep_at = self._prune_at = 0.0

    def stop(self) -> None:
        """Claim nothing more and end once what is held has ended, or some time later; from a signal handler, too."""
        if self._stop_at is None:
            self._stop_at = time.monotonic() + conf.stop_seconds()
            self._driver.wake()

    def run(self) -> None:
        """Work until stopped; a database that is away is waited for.

        Raises:
            DatabaseError: it is there and refuses what a worker needs, such as before the migrations; nothing is held.
        """
        logger.info("Worker started", extra={"action": "worker_started", "worker": self._row.name})
        self._heartbeat_at = time.monotonic()
        try:
            with self._source.listening(self._driver.wake):
                self._go_on()
        except DatabaseError:
            self._leave()
            raise
        self._leave()

    def _go_on(self) -> None:
        refusals = 0
        while not self._is_done():
            try:
                self._pass()
                refusals = 0
            except DatabaseError as error:
                refusals = refusals + 1 if isinstance(error, (IntegrityError, ProgrammingError)) else 0
                if refusals >= _MOST_REFUSALS:
                    raise
                logger.warning("The database does not answer, or refuses; trying again", exc_info=True)
                connection.close()
                time.sleep(_DATABASE_PAUSE_SECONDS)

    def _is_done(self) -> bool:
        if self._stop_at is None:
            return False
        return not self._driver.held or time.monotonic() >= self._stop_at

    def _pass(self) -> None:
        # First of all, so that the leases last while something keeps turns from being stored.
        self._beat_now_and_then()
        self._executed += len(self._driver.turn(timeout_seconds=self._patience()))
        if self._stop_at is None:
            self._scheduler.look()
            self._bulk.look()
            self._claim()
            self._prune_now_and_then()
        now = time.monotonic()
        if now >= self._cancel_at and self._driver.held:
            self._driver.call_off(_claiming.called_off(self._driver.held))
            self._cancel_at = now + _claiming.CANCEL_LOOK_SECONDS
        self._source.keep(self._driver.held)

    def _claim(self) -> None:
        free = self._concurrency - len(self._driver.held)
        if free <= 0:
            return
        self._driver.begin(self._source.claim(worker=self._row.name, limit=free))

    def _prune_now_and_then(self) -> None:
        now = time.monotonic()
        if now >= self._prune_at:
            pruned = housekeeping.prune_in_turn()
            is_done = pruned is None or pruned.is_complete
            self._prune_at = now + (_claiming.heartbeat_seconds() if is_done else housekeeping.PRUNE_PAUSE_SECONDS)

    def _beat_now_and_then(self) -> None:
        now = time.monotonic()
        if now >= self._heartbeat_at:
            self._beat()
            self._heartbeat_at = now + _claiming.heartbeat_seconds()

    def _beat(self) -> None:
        self._driver.give_up(_claiming.renew(self._driver.held, worker=self._row.name))
        now = time.monotonic()
        if self._heartbeat_at < now - _claiming.heartbeat_seconds():
            # This process or the database stood still; if others did, too, they get time to renew what they hold.
            self._sweep_at = now + conf.lease_seconds()
        if now >= self._sweep_at:
            _claiming.sweep()
        self._row.report(_database_time.now(), executed=self._executed, is_stopping=self._stop_at is not None)

    def _patience(self) -> float:
        """Return how long a turn may wait: until the next thing that this loop does by the clock, or a run is due."""
        now = time.monotonic()
        waits = [self._source.look_seconds, self._heartbeat_at - now]
        if self._stop_at is None:
            waits += (self._scheduler.seconds_left(), self._bulk.seconds_left(), self._prune_at - now)
        if self._driver.held:
            waits.append(self._cancel_at - now)
        return max(min(waits), 0.0)

    def _leave(self) -> None:
        try:
            self._driver.turn(timeout_seconds=0)
            self._hand_back()
        except DatabaseError:
            logger.warning("The database does not answer; other workers go on once the leases have run out")
        self._source.keep(())
        logger.info("Worker stopped", extra={"action": "worker_stopped", "worker": self._row.name})

    def _hand_back(self) -> None:
        held = self._driver.held
        self._driver.give_up(held)
        _claiming.hand_back(held, worker=self._row.name)
        models.Worker.objects.filter(name=self._row.name).delete()
