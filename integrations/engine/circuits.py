"""Circuit breakers: stop calling what keeps failing, and find out with one call at a time whether it works again.

    closed ──► open ──► probing ──► closed
                 ▲          │
                 └──────────┘   the probe failed: open for twice as long; or was broken off: the next call may probe

Pure values; whoever keeps them for several processes puts the changes in order. Source: "Release It!" (Michael Nygard,
2018), chapter 5.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from integrations.errors import ConnectorError

#: Calls are looked at for this long, in slices: those of a slice are forgotten together.
WINDOW_SECONDS = 30
SLICE_SECONDS = 3
#: It opens when of at least so many calls at least this share has failed.
FEWEST_CALLS = 20
FAILING_SHARE = 0.5
#: How long it stays open the first time; twice as long each further time, until it has worked.
OPEN_SECONDS = 30
LONGEST_OPEN_SECONDS = 300
#: How long a probe may take before another call may probe.
PROBE_SECONDS = 60
#: A probe mostly comes back soon.
PROBE_LOOK_SECONDS = 5.0

State = Literal["closed", "open", "probing"]
_NO_RESULT = frozenset({"http_408", "http_429"})


class CircuitOpen(ConnectorError):
    """The app is not called, because calls to it have been failing."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message, code="circuit_open", retryable=True, retry_after_seconds=seconds)


class Slice(NamedTuple):
    """What was called within SLICE_SECONDS."""

    #: Epoch seconds, a multiple of SLICE_SECONDS.
    start: int
    calls: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    state: State = "closed"
    #: Open: when the next call may probe. Probing: when the probe counts as lost.
    until: dt.datetime | None = None
    #: How often it has opened since it last worked.
    openings: int = 0
    #: Of the last WINDOW_SECONDS, oldest first; empty unless closed.
    slices: tuple[Slice, ...] = ()

    @property
    def calls(self) -> int:
        return sum(each.calls for each in self.slices)

    @property
    def failures(self) -> int:
        return sum(each.failures for each in self.slices)

    def refused_for(self, now: dt.datetime) -> float:
        """Return when to ask again, in seconds; 0.0 lets a call through, as a probe unless the circuit is closed."""
        seconds = 0.0 if self.until is None else max((self.until - now).total_seconds(), 0.0)
        return min(seconds, PROBE_LOOK_SECONDS) if self.state == "probing" else seconds

    def counted(self, *, calls: int, failures: int, now: dt.datetime) -> Circuit:
        """Return the circuit after these calls of just now; open if too many have failed.

        Calls that were on their way when it opened say nothing new.
        """
        if self.state != "closed":
            return self
        counted = dataclasses.replace(self, slices=_added(self.slices, calls, failures, now))
        is_failing = counted.calls >= FEWEST_CALLS and counted.failures >= FAILING_SHARE * counted.calls
        return _opened(self, now) if is_failing else counted

    def probing(self, now: dt.datetime) -> Circuit:
        """Return the circuit once one call has been let through to try; for one that refuses nobody any more."""
        return dataclasses.replace(self, state="probing", until=now + dt.timedelta(seconds=PROBE_SECONDS))

    def probed(self, *, failed: bool, now: dt.datetime) -> Circuit:
        """Return the circuit after its probe has come back."""
        if self.state != "probing":
            return self
        return _opened(self, now) if failed else Circuit()

    def given_up(self, now: dt.datetime) -> Circuit:
        """Return the circuit after its probe was broken off, which says nothing: another call may probe at once."""
        return dataclasses.replace(self, state="open", until=now) if self.state == "probing" else self


def is_failure(error: ConnectorError) -> bool:
    """Return whether an error says that the app is in trouble: no answer, or a 5xx; not that it minds the request."""
    return error.retryable and error.code not in _NO_RESULT


def _opened(circuit: Circuit, now: dt.datetime) -> Circuit:
    seconds = min(OPEN_SECONDS * 2**circuit.openings, LONGEST_OPEN_SECONDS)
    return Circuit(state="open", until=now + dt.timedelta(seconds=seconds), openings=circuit.openings + 1)


def _added(slices: Iterable[Slice], calls: int, failures: int, now: dt.datetime) -> tuple[Slice, ...]:
    moment = int(now.timestamp())
    start = moment - moment % SLICE_SECONDS
    latest = {each.start: each for each in slices if moment - WINDOW_SECONDS < each.start <= start}
    same = latest.get(start, Slice(start, 0, 0))
    latest[start] = Slice(start, same.calls + calls, same.failures + failures)
    return tuple(latest[each] for each in sorted(latest))
