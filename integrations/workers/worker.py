"""One worker process: claims due runs, executes many at once, keeps its leases, and stops without losing any."""

from __future__ import annotations

import logging
import os
import socket
import time

from django.db import DatabaseError, IntegrityError, ProgrammingError, connection

from integrations import conf, models
from integrations.operations import retention
from integrations.runtime.db import clock
from integrations.runtime.execution import event_loop
from integrations.runtime.execution.driver import Driver
from integrations.runtime.execution.in_process import worker_name
from integrations.runtime.queue import claiming
from integrations.workers.bulk_work import BulkWork
from integrations.workers.scheduler import Scheduler
from integrations.workers.sources import DatabaseSource, Source

logger = logging.getLogger(__name__)

#: How long a database that does not answer is left alone.
_DATABASE_PAUSE_SECONDS = 0.5
#: A worker ends when the database, which answers, has refused so many of its passes in a row: no waiting mends a table
#: that is not there. A single refusal may be what a lost connection has left behind.
_MOST_REFUSALS = 3


class Worker:
    """Executes runs from its source until it is asked to stop."""

    def __init__(self, *, concurrency: int, source: Source | None = None) -> None:
        self._concurrency = concurrency
        self._source = source or DatabaseSource()
        self._row = models.Worker(
            name=worker_name(), host=socket.gethostname(), pid=os.getpid(), concurrency=concurrency
        )
        self._driver = Driver(runtime=event_loop.shared(), worker=self._row.name)
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
            self._driver.call_off(claiming.called_off(self._driver.held))
            self._cancel_at = now + claiming.CANCEL_LOOK_SECONDS
        self._source.keep(self._driver.held)

    def _claim(self) -> None:
        free = self._concurrency - len(self._driver.held)
        if free <= 0:
            return
        self._driver.begin(self._source.claim(worker=self._row.name, limit=free))

    def _prune_now_and_then(self) -> None:
        now = time.monotonic()
        if now >= self._prune_at:
            pruned = retention.prune_in_turn()
            is_done = pruned is None or pruned.is_complete
            self._prune_at = now + (claiming.heartbeat_seconds() if is_done else retention.PRUNE_PAUSE_SECONDS)

    def _beat_now_and_then(self) -> None:
        now = time.monotonic()
        if now >= self._heartbeat_at:
            self._beat()
            self._heartbeat_at = now + claiming.heartbeat_seconds()

    def _beat(self) -> None:
        self._driver.give_up(claiming.renew(self._driver.held, worker=self._row.name))
        now = time.monotonic()
        if self._heartbeat_at < now - claiming.heartbeat_seconds():
            # This process or the database stood still; if others did, too, they get time to renew what they hold.
            self._sweep_at = now + conf.lease_seconds()
        if now >= self._sweep_at:
            claiming.sweep()
        self._row.report(clock.now(), executed=self._executed, is_stopping=self._stop_at is not None)

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
        claiming.hand_back(held, worker=self._row.name)
        models.Worker.objects.filter(name=self._row.name).delete()
