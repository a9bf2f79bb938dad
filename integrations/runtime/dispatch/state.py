"""Knows whether dispatch is paused (no worker claims a run, no schedule fires) and whether any environment holds runs.

Both are asked before every claim, so each is read once a second at most.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db.models import Q

from integrations import models
from integrations.errors import OperationRefused
from integrations.runtime.db import wakeups

#: How old an answer may be. For so long a process may still claim after dispatch was paused in another one.
_FRESH_SECONDS = 1.0
#: What ledgers say of a time from before a restore was confirmed.
RESTORED = "the database was restored from a backup since, and it is not known whether this had been fired"


Known = TypeVar("Known")


class _Known(Generic[Known]):
    """A value that is read again once it is too old."""

    def __init__(self, read: Callable[[], Known]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._last: tuple[Known, float] | None = None

    def get(self) -> Known:
        with self._lock:
            if self._last is None or time.monotonic() >= self._last[1]:
                self._last = self._read(), time.monotonic() + _FRESH_SECONDS
            return self._last[0]

    def forget(self) -> None:
        with self._lock:
            self._last = None


def _read_pause() -> tuple[bool, dt.datetime | None]:
    """Return whether dispatch is paused, and before which time no slot is fired."""
    return models.SystemState.objects.values_list("dispatch_paused", "slots_from").first() or (False, None)


def _any_environment_holds_runs() -> bool:
    frozen = models.Freeze.objects.in_force().values("environment")
    return models.Environment.objects.filter(Q(active=False) | Q(pk__in=frozen)).exists()


_pause, _holding = _Known(_read_pause), _Known(_any_environment_holds_runs)


def forget() -> None:
    """Read both again the next time."""
    _pause.forget()
    _holding.forget()


def is_paused() -> bool:
    """Return whether dispatch is paused, as of a second ago at most."""
    return _pause.get()[0]


def holds_runs() -> bool:
    """Return whether any environment is inactive or frozen, as of a second ago at most: see `RunQuerySet.on_hold`."""
    return _holding.get()


def slots_from() -> dt.datetime | None:
    """Return the time before which schedules fire no slot, None for no such time, as of a second ago at most.

    It changes with a restore only, together with the end of the pause.
    """
    return _pause.get()[1]


def require_on() -> None:
    """Do nothing unless dispatch is paused.

    Raises:
        OperationRefused: it is, and why.
    """
    state = models.SystemState.objects.current()
    if state.dispatch_paused:
        because = f": {state.paused_reason}" if state.paused_reason else ""
        raise OperationRefused(f"dispatch is paused{because}; resume it first")


def pause(*, reason: str, now: dt.datetime, awaits_confirmation: bool = False) -> None:
    """Pause dispatch. Running runs continue to their end; `awaits_confirmation` is set after a restore."""
    models.SystemState.objects.set(
        dispatch_paused=True, paused_reason=reason, paused_at=now, awaits_confirmation=awaits_confirmation
    )
    forget()


def resume(*, now: dt.datetime) -> None:
    """Resume dispatch. After a restore schedules begin with now: earlier slots may have been fired."""
    state = models.SystemState.objects.current()
    slots = {"slots_from": now} if state.awaits_confirmation else {}
    models.SystemState.objects.set(
        dispatch_paused=False, paused_reason="", paused_at=None, awaits_confirmation=False, **slots
    )
    forget()
    wakeups.signal()
