"""The scheduler inside every worker: fires jobs when they are due, and soon after something may have changed."""

from __future__ import annotations

import datetime as dt
import time

from integrations import models
from integrations.runtime.containment import contained
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.schedules import firing, next_fire

#: A pass costs two or three short queries, so a worker that is woken all the time makes one no more often than this.
_BETWEEN_SECONDS = 0.1
#: How long after a pass the next one is due at the latest.
_LONGEST_SECONDS = 1.0
#: How often to start queued times that other schedulers have overlooked.
_SWEEP_SECONDS = 5.0


class Scheduler:
    """One worker's scheduler; called in the worker's thread, which owns the database connection."""

    def __init__(self) -> None:
        #: By the monotonic clock: the earliest next pass, the time by which something is due, the next sweep.
        self._soon = self._due = self._sweep = 0.0
        #: Whether something may have changed since the last pass.
        self._is_woken = False
        self._has_planned = False

    def look(self) -> None:
        """Fire what is due, unless the last pass was a moment ago and nothing is due yet."""
        now = time.monotonic()
        if now < self._soon and now < self._due:
            self._is_woken = True
            return
        self._is_woken = False
        seconds = _LONGEST_SECONDS
        with contained("Scheduler pass failed", action="scheduler_failed"):
            seconds = self._pass()
        now = time.monotonic()
        self._soon = now + _BETWEEN_SECONDS
        self._due = now + min(max(seconds, _BETWEEN_SECONDS if seconds <= 0 else 0.0), _LONGEST_SECONDS)

    def seconds_left(self) -> float:
        """Return how long the worker may wait for something else before the next pass."""
        at = min(self._soon, self._due) if self._is_woken else self._due
        return max(at - time.monotonic(), 0.0)

    def _pass(self) -> float:
        """Fire what is due, and return in how many seconds more is due; 0 or less when it is due already."""
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
        if time.monotonic() >= self._sweep:
            firing.let_overlooked_go(now=now)
            self._sweep = time.monotonic() + _SWEEP_SECONDS
        return _LONGEST_SECONDS if earliest is None else (earliest - clock.now()).total_seconds()


def _earliest() -> dt.datetime | None:
    """Return when the next job fires: the first entry of an index, however many jobs there are."""
    jobs = models.Job.objects.filter(next_at__isnull=False).order_by("next_at")
    return jobs.values_list("next_at", flat=True).first()
