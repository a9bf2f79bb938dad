"""What the engine asks of whoever stores runs, beyond recording steps."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, Protocol

from integrations.connectors.base import Binding
from integrations.definitions.approval import ApprovalRequest
from integrations.engine.records import RunError
from integrations.types import Json, JsonObject

_FINAL = frozenset({"succeeded", "failed", "cancelled", "quarantined"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedRun:
    """A run that a step of this one started, as it stands; all of it as stored, that is redacted."""

    id: str
    status: str
    input: JsonObject
    output: Json = None
    error: RunError | None = None
    created_at: dt.datetime

    @property
    def is_final(self) -> bool:
        return self.status in _FINAL


class NestedRuns(Protocol):
    """The runs that this one starts as events. `place` names which: `StepKey.place` of the step and attempt."""

    async def find(self, place: str) -> NestedRun | None: ...

    async def start(self, place: str, *, feature: str, input: JsonObject) -> NestedRun:
        """Return the run at that place, queued now unless it is there already.

        When it ends, this run is woken; one that is not parked yet is then not parked at all.
        """
        ...

    async def cancel(self, place: str) -> None:
        """End the run at that place, as soon as whoever executes it notices, and all that it has started itself."""
        ...

    async def fail_all(self, error: RunError) -> bool:
        """Let every run that this one has started fail of `error`, so that it undoes what it has done.

        Return whether any has still to end; then this run is woken.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheAnswer:
    """What a cache says to whoever looks for a result."""

    #: `hit`: here it is. `fill`: make it and store it, nobody else does meanwhile. `filling`: another run makes it, so
    #: look again soon. `unavailable`: the cache is at fault, or gone; that is a miss.
    status: Literal["hit", "fill", "filling", "unavailable"]
    value: Json = None
    stored_at: dt.datetime | None = None


class ResultCache(Protocol):
    """Results that outlive their runs; nothing here fails. `filler` names the step that asks, also after a restart."""

    async def look(self, key: str, *, cache: str, filler: str) -> CacheAnswer:
        """Return the result kept under `key` in the integration's cache of that tag, or who is to make it.

        Whoever is told to fill has half a minute before somebody else is told so, too.
        """
        ...

    async def store(self, key: str, value: Json, *, cache: str, filler: str) -> str:
        """Keep a result as long as the cache says, and return why it is not kept, to be read after "since", or ""."""
        ...

    def abandon(self, key: str, *, filler: str) -> None:
        """Let somebody else fill, because this filler failed or was broken off. Nobody waits for it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An approval as it stands."""

    title: str
    #: "" until somebody has decided.
    decision: Literal["", "approved", "rejected", "expired"] = ""
    #: The name of whoever decided, and why, or "".
    by: str = ""
    reason: str = ""
    decided_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None


class Approvals(Protocol):
    """What this run asks people. `place` names which: `StepKey.place` of the step and attempt."""

    async def find(self, place: str) -> Approval | None:
        """Return the approval at that place; one whose time has run out is `expired`."""
        ...

    async def request(self, place: str, *, event: str, request: ApprovalRequest) -> Approval:
        """Return the approval at that place, asked for now unless it is there already.

        When somebody decides, this run is woken; one that is not parked yet is then not parked at all.

        Raises:
            EventError: it names people or groups that do not exist, or nobody.
        """
        ...


class Jobs(Protocol):
    """The jobs that this run starts as events. `place` names which: `StepKey.place` of the step and attempt."""

    async def start(self, place: str, *, job: str, input: JsonObject) -> str:
        """Return the id of the job's run at that place, queued now unless it is there already; nothing waits for it.

        An empty input is the job's own.

        Raises:
            EventError: the job is gone, or cannot run now.
        """
        ...


class Limits(Protocol):
    """Circuits and budgets, which all executions of an installation share."""

    async def refuse_if_open(self, binding: Binding) -> None:
        """Do nothing unless the circuit is known to let no call through.

        Raises:
            CircuitOpen: it will not for some time.
            Awaiting: another call is trying whether the app works again; that mostly comes back soon.
        """
        ...

    async def admit(self, binding: Binding) -> bool:
        """Let a call through, and return whether it is the one that probes; then its result must be reported.

        Raises as `refuse_if_open` does.
        """
        ...

    async def report(self, binding: Binding, *, failed: bool, is_probe: bool) -> None:
        """Count how a call that was let through ended."""
        ...

    def report_late(self, binding: Binding, *, is_probe: bool) -> None:
        """Count a call that was broken off because its time was up. Nobody waits for it."""
        ...

    def abandon_probe(self, binding: Binding) -> None:
        """Let another call probe, because this one was broken off, which says nothing. Nobody waits for it."""
        ...

    async def reserve(self, binding: Binding, *, has_place: bool, patience_seconds: float) -> float:
        """Take a place in the rate budget, and return in how many seconds it is due; 0.0 without a limit.

        When that is no more than `patience_seconds`, the call must be made then. Else come back at that time with
        `has_place`; the place is kept if that is later, unless too many others are as late (see `engine.budgets`).
        """
        ...

    async def push_back(self, binding: Binding, *, seconds: float) -> None:
        """Move the budget's places on, because the API asks for no call within `seconds`."""
        ...
