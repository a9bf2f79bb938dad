"""Whether dispatch is paused: then no worker takes up a run and no schedule fires. Asked before every claim."""

from __future__ import annotations

import datetime as dt
import threading
import time

from integrations import models
from integrations.operations import _waking

#: How old an answer may be. So long may a process go on after dispatch was paused in another one.
_FRESH_SECONDS = 1.0


class _Known:
    """What this process read last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_paused = False
        self._fresh_until = 0.0

    def is_paused(self) -> bool:
        with self._lock:
            if time.monotonic() >= self._fresh_until:
                self._is_paused = models.SystemState.objects.filter(dispatch_paused=True).exists()
                self._fresh_until = time.monotonic() + _FRESH_SECONDS
            return self._is_paused

    def forget(self) -> None:
        with self._lock:
            self._fresh_until = 0.0


_known = _Known()
forget = _known.forget


def is_paused() -> bool:
    """Return whether dispatch is paused, as of a second ago at most."""
    return _known.is_paused()


def slots_from() -> dt.datetime | None:
    """Return the time before which schedules fire no slot, None for no such time. It changes with a restore only."""
    return models.SystemState.objects.current().slots_from


def pause(*, reason: str, now: dt.datetime, awaits_confirmation: bool = False) -> None:
    """Pause dispatch. What is being executed goes on to its end; `awaits_confirmation` is set after a restore."""
    models.SystemState.objects.set(
        dispatch_paused=True, paused_reason=reason, paused_at=now, awaits_confirmation=awaits_confirmation
    )
    forget()


def resume(*, now: dt.datetime) -> None:
    """Let workers and schedules go on. After a restore schedules begin with now: earlier slots may have been fired."""
    state = models.SystemState.objects.current()
    slots = {"slots_from": now} if state.awaits_confirmation else {}
    models.SystemState.objects.set(
        dispatch_paused=False, paused_reason="", paused_at=None, awaits_confirmation=False, **slots
    )
    forget()
    _waking.signal()
