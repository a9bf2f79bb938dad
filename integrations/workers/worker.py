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

#: How long to wait before a database that does not answer is asked again.
_DATABASE_PAUSE_SECONDS = 0.5
#: A worker ends when the database, which answers, has refused so many of its ticks in a row: waiting does not bring a
#: table that is not there. A single refusal may be what a lost connection has left behind.
_MOST_REFUSALS = 3


class Worker:
    """Executes runs from its source until it is asked to stop."""

    def __init__(self, *, concurrency: int, source: Source | None = None) -> None:
        self._concurrency = concurrency
        self._source = source or DatabaseSource()
        self._row = models.Worker(
            name=worker_name(), host=socket.gethostname(), pid=os.getpid(), concurrency=concurrency
        )
        self._driver = Driver(event_loop=event_loop.shared(), worker=self._row.name)
        self._scheduler = Scheduler()
        self._bulk = BulkWork()
        self._stop_at: float | None = None
        self._executed = 0
        self._heartbeat_at = self._stop_look_at = self._sweep_at = self._prune_at = 0.0

    def stop(self) -> None:
        """Claim nothing more, and end once all runs have ended or some time has passed; from a signal handler, too."""
        if self._stop_at is None:
            self._stop_at = time.monotonic() + conf.stop_seconds()
            self._driver.wake()

    def run(self) -> None:
        """Work until stopped; a database that is away is waited for.

        Raises:
            DatabaseError: it answers and refuses what a worker needs, such as before the migrations. No run is kept.
        """
        logger.info("Worker started", extra={"action": "worker_started", "worker": self._row.name})
        self._heartbeat_at = time.monotonic()
        try:
            with self._source.listening(self._driver.wake):
                self._work()
        except DatabaseError:
            self._leave()
            raise
        self._leave()

    def _work(self) -> None:
        refusals = 0
        while self._stop_at is None or (self._driver.leases and time.monotonic() < self._stop_at):
            try:
                self._tick()
                refusals = 0
            except DatabaseError as error:
                refusals = refusals + 1 if isinstance(error, (IntegrityError, ProgrammingError)) else 0
                if refusals >= _MOST_REFUSALS:
                    raise
                logger.warning("The database does not answer, or refuses; trying again", exc_info=True)
                connection.close()
                time.sleep(_DATABASE_PAUSE_SECONDS)

    def _tick(self) -> None:
        """Do once all that a worker does, and wait in between for something to store."""
        now = time.monotonic()
        # First of all, so that the leases last while something keeps ends from being stored.
        if now >= self._heartbeat_at:
            self._beat()
            self._heartbeat_at = now + claiming.heartbeat_seconds()
        self._executed += len(self._driver.store_pending(timeout_seconds=self._patience()))
        if self._stop_at is None:
            self._scheduler.look()
            self._bulk.look()
            free = self._concurrency - len(self._driver.leases)
            if free > 0:
                self._driver.start(self._source.claim(worker=self._row.name, limit=free))
            self._prune()
        now = time.monotonic()
        if now >= self._stop_look_at and self._driver.leases:
            self._driver.stop(claiming.stop_requests(self._driver.leases))
            self._stop_look_at = now + claiming.STOP_LOOK_SECONDS
        self._source.keep(self._driver.leases)

    def _beat(self) -> None:
        """Renew the leases, sweep those of other workers that have run out, and report that this worker is alive."""
        self._driver.abandon(claiming.renew(self._driver.leases, worker=self._row.name))
        now = time.monotonic()
        if self._heartbeat_at < now - claiming.heartbeat_seconds():
            # This process or the database stood still; if others did, too, they get time to renew their leases.
            self._sweep_at = now + conf.lease_seconds()
        if now >= self._sweep_at:
            claiming.sweep()
        self._row.report(clock.now(), executed=self._executed, is_stopping=self._stop_at is not None)

    def _prune(self) -> None:
        now = time.monotonic()
        if now >= self._prune_at:
            pruned = retention.prune_slice()
            is_done = pruned is None or pruned.is_complete
            self._prune_at = now + (claiming.heartbeat_seconds() if is_done else retention.PRUNE_PAUSE_SECONDS)

    def _patience(self) -> float:
        """Return how long to wait for something to store: until the next thing by the clock, or until a run is due."""
        now = time.monotonic()
        waits = [self._source.look_seconds, self._heartbeat_at - now]
        if self._stop_at is None:
            waits += (self._scheduler.seconds_left(), self._bulk.seconds_left(), self._prune_at - now)
        if self._driver.leases:
            waits.append(self._stop_look_at - now)
        return max(min(waits), 0.0)

    def _leave(self) -> None:
        """Store what has ended, put the other runs back into the queue, and delete the worker's row."""
        try:
            self._driver.store_pending(timeout_seconds=0)
            leases = self._driver.leases
            self._driver.abandon(leases)
            claiming.hand_back(leases, worker=self._row.name)
            models.Worker.objects.filter(name=self._row.name).delete()
        except DatabaseError:
            logger.warning("The database does not answer; other workers reclaim the runs once the leases have run out")
        self._source.keep(())
        logger.info("Worker stopped", extra={"action": "worker_stopped", "worker": self._row.name})
