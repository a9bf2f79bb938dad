"""Refuses new runs while too many are unfinished, and first those of whoever has the most.

The cap is DUCTAPE_QUEUE_CAP. Below it everybody gets in. Above it those get in who have less than their fair share,
the cap divided by the integrations that have unfinished runs, until twice the cap is reached.

The runs are counted once a second in each process, which also counts what it starts itself; so several processes
together may go over by what the others start in that second.
"""

from __future__ import annotations

import threading
import time
from collections import Counter

from integrations import conf
from integrations.errors import Busy
from integrations.models import run_queue

_COUNTED_FOR_SECONDS = 1.0
#: What somebody who was refused is asked to wait. Some of the queue is done by then, and no client asks too often.
_RETRY_AFTER_SECONDS = 5


class QueueCap:
    """What one process knows of how full the queue is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[int] = Counter()
        self._counted_at: float | None = None

    def admit(self, integration_id: int) -> None:
        """Count one more run of the integration.

        Raises:
            Busy: there is no room for it.
        """
        with self._lock:
            self._count_again()
            own, queued, cap = self._counts[integration_id], self._counts.total(), conf.queue_cap()
            active = len(+self._counts) + (own == 0)
            if queued >= cap and (own >= cap / active or queued >= 2 * cap):
                raise Busy(queued=queued, cap=cap, retry_after_seconds=_RETRY_AFTER_SECONDS)
            self._counts[integration_id] += 1

    def forget(self) -> None:
        """Count anew the next time."""
        self._counted_at = None

    def _count_again(self) -> None:
        now = time.monotonic()
        if self._counted_at is not None and now - self._counted_at < _COUNTED_FOR_SECONDS:
            return
        self._counts = run_queue.queued()
        for (integration_id, _), count in run_queue.leased().items():
            self._counts[integration_id] += count
        self._counted_at = now


#: This process's.
QUEUE_CAP = QueueCap()
