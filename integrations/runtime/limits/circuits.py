"""Keeps circuits: counts calls in memory, and once a second adds these counts to those that are stored.

A call that succeeds costs no write. What changes a circuit, the failure that opens it or a probe's result, is stored at
once. Between processes the counts are up to a second old, so that together they may need a few failures more.

Everything here but the functions at the end, which the database's thread calls, happens on the event loop.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, cast

from integrations import models
from integrations.clock import Clock
from integrations.connectors.base import Binding
from integrations.engine.circuits import Circuit, CircuitOpen, Slice, State
from integrations.engine.signals import Awaiting
from integrations.runtime.db import clock as db_clock

_FRESH_SECONDS = 1.0

Change = Callable[[Circuit, dt.datetime], Circuit]


class Recorder(Protocol):
    """What of a `RunRecorder` is used here."""

    def ask(self, ask: Callable[[], Any], /, *, locks: str = "") -> Awaitable[Any]: ...

    def tell(self, work: Callable[[], Any], /, *, locks: str = "") -> None: ...


@dataclass(slots=True)
class _Known:
    """What this process knows of one circuit."""

    circuit: Circuit = field(default_factory=Circuit)
    #: By the process's clock; None before it was read.
    read_at: float | None = None
    #: Counted here, and not stored yet.
    calls: int = 0
    failures: int = 0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def count(self, *, failed: bool) -> None:
        self.calls += 1
        self.failures += failed


class CircuitBook:
    """All circuits that this process has called through."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._known: dict[tuple[int, int], _Known] = {}

    def known_of(self, binding: Binding) -> _Known:
        return self._known.setdefault((binding.environment_id, binding.app_environment_id), _Known())


class RunCircuits:
    """The circuits for one execution, which asks the database through its run's recorder; see `engine.ports.Limits`."""

    def __init__(self, book: CircuitBook, recorder: Recorder) -> None:
        self._book, self._clock, self._recorder = book, book.clock, recorder

    async def refuse_if_open(self, binding: Binding) -> None:
        """Raise what refuses a call if it is known to be refused. The result of another call's probe is looked up."""
        known = self._book.known_of(binding)
        if known.circuit.state == "probing":
            await self._refresh(known, binding)
        self._refuse(known, binding, known.circuit.refused_for(self._clock.now()))

    async def admit(self, binding: Binding) -> bool:
        """Let a call through, and return whether it probes."""
        known = self._book.known_of(binding)
        await self._refresh(known, binding)
        self._refuse(known, binding, known.circuit.refused_for(self._clock.now()))
        if known.circuit.state == "closed":
            return False
        try:
            known.circuit, is_probe, seconds = await self._ask(partial(_let_probe, binding), binding)
        except asyncio.CancelledError:  # it may have been let through, and does not hear of it any more
            self.abandon_probe(binding)
            raise
        self._refuse(known, binding, seconds)
        return bool(is_probe)

    async def report(self, binding: Binding, *, failed: bool, is_probe: bool) -> None:
        known = self._book.known_of(binding)
        if is_probe:
            known.circuit = await self._ask(partial(_probed, binding, failed), binding)
            return
        known.count(failed=failed)
        counted = known.circuit.counted(calls=known.calls, failures=known.failures, now=self._clock.now())
        if failed and counted.state != known.circuit.state:
            await self._store(known, binding)

    def report_late(self, binding: Binding, *, is_probe: bool) -> None:
        known = self._book.known_of(binding)
        if not is_probe:
            known.count(failed=True)
            return
        known.circuit = known.circuit.probed(failed=True, now=self._clock.now())
        self._recorder.tell(partial(_probed, binding, True), locks=_locks(binding))

    def abandon_probe(self, binding: Binding) -> None:
        known = self._book.known_of(binding)
        known.circuit = known.circuit.given_up(self._clock.now())
        self._recorder.tell(
            lambda: _changed(binding, lambda circuit, now: circuit.given_up(now)), locks=_locks(binding)
        )

    def _refuse(self, known: _Known, binding: Binding, seconds: float) -> None:
        """Raise unless the call may be made at once."""
        if seconds <= 0:
            return
        app = f'app "{binding.access_tag}" ({binding.app_env_slug})'
        if known.circuit.state == "probing":
            due_at = self._clock.now() + dt.timedelta(seconds=seconds)
            raise Awaiting(f"waits for the one call that tries whether {app} works again", due_at=due_at)
        message = f"the circuit of {app} is open: too many calls failed; ask again in {seconds:.0f} s"
        raise CircuitOpen(message, seconds=seconds)

    async def _refresh(self, known: _Known, binding: Binding) -> None:
        async with known.reading:
            if known.read_at is None or self._clock.monotonic() - known.read_at >= _FRESH_SECONDS:
                await self._store(known, binding)

    async def _store(self, known: _Known, binding: Binding) -> None:
        """Add what was counted here to what is stored, and keep the sum."""
        calls, failures = known.calls, known.failures
        # Before it is known that they are stored: counted twice they might open it wrongly, lost they do little.
        known.calls = known.failures = 0
        known.circuit = await self._ask(partial(_counted, binding, calls, failures), binding)
        known.read_at = self._clock.monotonic()

    async def _ask(self, ask: Callable[[], Any], binding: Binding) -> Any:
        return await self._recorder.ask(ask, locks=_locks(binding))


def _locks(binding: Binding) -> str:
    return f"circuit {binding.environment_id} {binding.app_environment_id}"


# Called by the database's thread


def _counted(binding: Binding, calls: int, failures: int) -> Circuit:
    if calls == 0:
        row = models.Circuit.objects.filter(**_key(binding)).first()
        return Circuit() if row is None else _value(row)
    return _changed(binding, lambda circuit, now: circuit.counted(calls=calls, failures=failures, now=now))


def _let_probe(binding: Binding) -> tuple[Circuit, bool, float]:
    """Return the circuit, whether this call probes, and if not when to ask again, in seconds.

    The row is locked, so no other call probes. It goes by the database's clock, whatever the process's says.
    """
    before = _value(models.Circuit.objects.lock_or_create(**_key(binding)))
    seconds = before.refused_for(db_clock.now())
    if before.state == "closed" or seconds > 0:
        return before, False, seconds
    return _changed(binding, lambda circuit, now: circuit.probing(now)), True, 0.0


def _probed(binding: Binding, failed: bool) -> Circuit:
    return _changed(binding, lambda circuit, now: circuit.probed(failed=failed, now=now))


def _changed(binding: Binding, change: Change) -> Circuit:
    row = models.Circuit.objects.lock_or_create(**_key(binding))
    circuit = change(_value(row), db_clock.now())
    row.state, row.until, row.openings = circuit.state, circuit.until, circuit.openings
    row.slices = [list(each) for each in circuit.slices]
    row.save()
    return circuit


def _key(binding: Binding) -> dict[str, Any]:
    return {"environment_id": binding.environment_id, "app_environment_id": binding.app_environment_id}


def _value(row: models.Circuit) -> Circuit:
    slices = tuple(Slice(*each) for each in row.slices)
    return Circuit(state=cast("State", row.state), until=row.until, openings=row.openings, slices=slices)
