"""Sends lost messages again: their runs are late, and the broker has nothing to deliver.

A run is also late when no worker has room, but then its message waits at the broker. Only what the broker does not have
any more (it was restarted, its queue was purged, it could not be reached) needs another message; one too many does
nothing, because of the claim.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor

from integrations import models
from integrations.models import run_queue
from integrations.runtime.db import clock
from integrations.runtime.dispatch import broker
from integrations.runtime.dispatch import state as dispatch_state

logger = logging.getLogger(__name__)

Status = models.Run.Status

#: A message takes milliseconds.
_LATE = dt.timedelta(seconds=1)
_BETWEEN_SECONDS = 0.5
#: About how many messages are sent again at once.
MOST = 100
#: One worker sends a run's message again no more often than this.
_AGAIN_SECONDS = 30.0


class Redelivery:
    """One worker's redelivery: reads in the thread that owns the database connection, and sends in another one."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="redelivery")
        self._sending: Future[None] | None = None
        #: When a message was sent again, by run.
        self._sent: dict[uuid.UUID, float] = {}
        self._look_at = 0.0

    def look(self) -> None:
        """Send lost messages again, unless the last look was a moment ago or its messages are still being sent."""
        now = time.monotonic()
        if now < self._look_at or (self._sending is not None and not self._sending.done()):
            return
        self._look_at = now + _BETWEEN_SECONDS
        self._sent = {run_id: at for run_id, at in self._sent.items() if now < at + _AGAIN_SECONDS}
        if dispatch_state.is_paused():
            return
        lost = _late() - self._sent.keys()
        if lost:
            self._sending = self._thread.submit(self._send, lost)

    def wait(self) -> None:
        """Return once the messages of the last look have been sent."""
        if self._sending is not None:
            self._sending.result()

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _send(self, run_ids: set[uuid.UUID]) -> None:
        if broker.waiting() == 0 and broker.send(run_ids):
            self._sent |= dict.fromkeys(run_ids, time.monotonic())
            logger.info("Sent messages again", extra={"action": "messages_sent_again", "runs": len(run_ids)})


def _late() -> set[uuid.UUID]:
    """Return some MOST runs that were announced and are not claimed yet: those at the front of each bucket."""
    due = run_queue.Due(now=clock.now() - _LATE, skips_on_hold=dispatch_state.holds_runs())
    buckets = run_queue.buckets(due)
    share = -(-MOST // max(len(buckets), 1))
    candidates = run_queue.candidates([(bucket, share) for bucket in buckets[:MOST]], due)
    run_ids = [candidate.run_id for candidate in candidates]
    # All others were never announced: what has been executed before, or was due later than it was started.
    announced = models.Run.objects.filter(pk__in=run_ids, status=Status.QUEUED, fence=0)
    return set(announced.values_list("pk", flat=True))
