"""Whether dispatch is paused: then no worker takes up a run and no schedule fires. Asked before every claim.

So is whether any environment withholds runs, which costs a claim something only where one does.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import NamedTuple

from django.db.models import Q

from integrations import models
from integrations.errors import OperationRefused
from integrations.operations import _waking

#: How old an answer may be. So long may a process go on after dispatch was paused in another one.
_FRESH_SECONDS = 1.0
#: What ledgers say of a time from before a restore was confirmed.
RESTORED = "the database was restored from a backup since, and it is not known whether this had been fired"


class _State(NamedTuple):
    """Whether dispatch is paused and before which time no slot is fired, as they stood together; and the rest."""

    is_paused: bool = False
    slots_from: dt.datetime | None = None
    withholds: bool = False


class _Known:
    """What this process read last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = _State()
        self._fresh_until = 0.0

    def read(self) -> _State:
        with self._lock:
            if time.monotonic() >= self._fresh_until:
                self._state = _read()
                self._fresh_until = time.monotonic() + _FRESH_SECONDS
            return self._state

    def forget(self) -> None:
        with self._lock:
            self._fresh_until = 0.0


def _read() -> _State:
    state = models.SystemState.objects.values_list("dispatch_paused", "slots_from").first() or (False, None)
    frozen = models.Freeze.objects.in_force().values("environment")
    return _State(*state, models.Environment.objects.filter(Q(active=False) | Q(pk__in=frozen)).exists())


_known = _Known()
forget = _known.forget


def is_paused() -> bool:
    """Return whether dispatch is paused, as of a second ago at most."""
    return _known.read().is_paused


def withholds() -> bool:
    """Return whether any environment is inactive or frozen, as of a second ago at most: see `RunQuerySet.withheld`."""
    return _known.read().withholds


def slots_from() -> dt.datetime | None:
    """Return the time before which schedules fire no slot, None for no such time, as of a second ago at most.

    It changes with a restore only, together with the end of the pause.
    """
    return _known.read().slots_from


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
