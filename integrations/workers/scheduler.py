"""The scheduler inside every worker: looks when something is due, and soon after something may have changed."""

from __future__ import annotations

import datetime as dt
import logging
import time

from django.db import DatabaseError

from integrations import models
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.schedules import firing, next_fire

logger = logging.getLogger(__name__)

#: A look costs two or three short queries, so a worker that is woken all the time takes one no more often than this.
_BETWEEN_SECONDS = 0.1
#: How long after a look the next one is due at the latest.
_LONGEST_SECONDS = 1.0
#: How often what others overlooked is looked for.
_SWEEP_SECONDS = 5.0


class Scheduler:
    """One worker's; called in the worker's thread, which owns the database connection."""

    def __init__(self) -> None:
        #: By the monotonic clock: the earliest next look, the time by which something is due, the next sweep.
        self._soon = self._due = self._sweep = 0.0
        #: Whether something may have changed since the last look.
        self._is_stirred = False
        self._has_planned = False

    def look(self) -> None:
        """Fire what is due, unless the last look was just now and knows better."""
        now = time.monotonic()
        if now < self._soon and now < self._due:
            self._is_stirred = True
            return
        self._is_stirred = False
        seconds = self._look_safely()
        now = time.monotonic()
        self._soon = now + _BETWEEN_SECONDS
        self._due = now + min(max(seconds, _BETWEEN_SECONDS if seconds <= 0 else 0.0), _LONGEST_SECONDS)

    def seconds_left(self) -> float:
        """Return how long the worker may wait for something else before the next look."""
        at = min(self._soon, self._due) if self._is_stirred else self._due
        return max(at - time.monotonic(), 0.0)

    def _look_safely(self) -> float:
        """Look, and end no worker by a fault; a database that does not answer is the worker's to deal with."""
        try:
            return self._look()
        except DatabaseError:
            raise
        except Exception:
            logger.exception("A look of the scheduler broke off", extra={"action": "scheduler_broke_off"})
            return _LONGEST_SECONDS

    def _look(self) -> float:
        """Return in how many seconds something is due; 0 or less when more of it is due already."""
        if dispatch_state.is_paused():
            return _LONGEST_SECONDS
        now = clock.now()
        if not self._has_planned:
            next_fire.plan_unplanned(now=now)
            self._has_planned = True
        earliest = _earliest()
        if earliest is not None and earliest <= now:
            firing.fire_due(now=now)
            earliest = _earliest()
        firing.start_queued(now=now)
        self._sweep_now_and_then(now)
        return _LONGEST_SECONDS if earliest is None else (earliest - clock.now()).total_seconds()

    def _sweep_now_and_then(self, now: dt.datetime) -> None:
        if time.monotonic() >= self._sweep:
            firing.let_overlooked_go(now=now)
            self._sweep = time.monotonic() + _SWEEP_SECONDS


def _earliest() -> dt.datetime | None:
    """Return when the next job fires: the first entry of an index, however many jobs there are."""
    jobs = models.Job.objects.filter(next_at__isnull=False).order_by("next_at")
    return jobs.values_list("next_at", flat=True).first()
