"""Refuses new runs while too many are unfinished, and first those of the integrations that have the most.

The cap is DUCTAPE_QUEUE_CAP. Below it every run is admitted. Above it those of integrations that have less than their
fair share, the cap divided by the integrations that have unfinished runs, until twice the cap is reached.

The runs are counted once a second in each process, which also counts what it starts itself; so several processes
together may exceed the cap by what the others start in that second.
"""

from __future__ import annotations

import threading
import time
from collections import Counter

from integrations import conf
from integrations.errors import Busy
from integrations.models import run_queue

_COUNTED_FOR_SECONDS = 1.0
#: How long a refused client is asked to wait. Some of the queue is done by then, and no client asks too often.
_RETRY_AFTER_SECONDS = 5


class QueueCap:
    """How many runs are unfinished, as one process knows it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[int] = Counter()
        self._counted_at: float | None = None

    def admit(self, integration_id: int) -> None:
        """Count one more run of the integration.

        Raises:
            Busy: too many runs are unfinished.
        """
        with self._lock:
            now = time.monotonic()
            if self._counted_at is None or now - self._counted_at >= _COUNTED_FOR_SECONDS:
                self._counts = run_queue.queued()
                for (executing_id, _), count in run_queue.leased().items():
                    self._counts[executing_id] += count
                self._counted_at = now
            own, queued, cap = self._counts[integration_id], self._counts.total(), conf.queue_cap()
            active = len(+self._counts) + (own == 0)
            if queued >= cap and (own >= cap / active or queued >= 2 * cap):
                raise Busy(queued=queued, cap=cap, retry_after_seconds=_RETRY_AFTER_SECONDS)
            self._counts[integration_id] += 1

    def forget(self) -> None:
        """Count again the next time."""
        self._counted_at = None


#: This process's.
QUEUE_CAP = QueueCap()
