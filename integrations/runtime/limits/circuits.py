"""This process's view of all circuits: counts calls in memory, and once a second puts its counts with the others'.

A call that succeeds costs no write. What changes a circuit, the failure that opens it or a probe's result, is stored at
once. Between processes the counts are up to a second old, so that together they may need a few failures more.

Everything here but the functions that are asked of the database happens on the event loop.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from django.db.models import QuerySet

from integrations import models
from integrations.clock import Clock
from integrations.connectors.base import Binding
from integrations.engine.circuits import Circuit, CircuitOpen, Slice, State
from integrations.engine.signals import Awaiting
from integrations.runtime.db import clock as db_clock

_FRESH_SECONDS = 1.0

Change = Callable[[Circuit, dt.datetime], Circuit]


class Asker(Protocol):
    """What a `RunRecorder` is to this module."""

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


class CircuitBook:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[int, int], _Known] = {}

    async def refuse_if_open(self, binding: Binding, asker: Asker) -> None:
        """Raise what refuses a call if it is known to be refused. What became of another call's probe is looked up."""
        known = self._of(binding)
        if known.circuit.state == "probing":
            await self._refresh(known, binding, asker)
        self._refuse(known, binding, known.circuit.refused_for(self._clock.now()))

    async def admit(self, binding: Binding, asker: Asker) -> bool:
        """Let a call through, and return whether it probes; see `engine.ports.Limits`."""
        known = self._of(binding)
        await self._refresh(known, binding, asker)
        self._refuse(known, binding, known.circuit.refused_for(self._clock.now()))
        if known.circuit.state == "closed":
            return False
        try:
            known.circuit, is_probe, seconds = await asker.ask(lambda: _let_probe(binding), locks=_locks(binding))
        except asyncio.CancelledError:  # it may have been let through, and does not hear it any more
            self.abandon_probe(binding, asker)
            raise
        self._refuse(known, binding, seconds)
        return bool(is_probe)

    async def report(self, binding: Binding, asker: Asker, *, failed: bool, is_probe: bool) -> None:
        known = self._of(binding)
        if is_probe:
            known.circuit = await asker.ask(lambda: _probed(binding, failed), locks=_locks(binding))
            return
        self._count(known, failed=failed)
        if failed and self._would_open(known):
            await self._store(known, binding, asker)

    def report_late(self, binding: Binding, asker: Asker, *, is_probe: bool) -> None:
        known = self._of(binding)
        if not is_probe:
            self._count(known, failed=True)
            return
        known.circuit = known.circuit.probed(failed=True, now=self._clock.now())
        asker.tell(lambda: _probed(binding, True), locks=_locks(binding))

    def abandon_probe(self, binding: Binding, asker: Asker) -> None:
        known = self._of(binding)
        known.circuit = known.circuit.given_up(self._clock.now())
        asker.tell(lambda: _given_up(binding), locks=_locks(binding))

    def _of(self, binding: Binding) -> _Known:
        return self._known.setdefault((binding.environment_id, binding.app_environment_id), _Known())

    def _count(self, known: _Known, *, failed: bool) -> None:
        known.calls += 1
        known.failures += failed

    def _would_open(self, known: _Known) -> bool:
        counted = known.circuit.counted(calls=known.calls, failures=known.failures, now=self._clock.now())
        return counted.state != known.circuit.state

    def _refuse(self, known: _Known, binding: Binding, seconds: float) -> None:
        """Raise unless it is to be asked again in no time at all."""
        if seconds <= 0:
            return
        app = f'app "{binding.access_tag}" ({binding.app_env_slug})'
        if known.circuit.state == "probing":
            due_at = self._clock.now() + dt.timedelta(seconds=seconds)
            raise Awaiting(f"waits for the one call that tries whether {app} works again", due_at=due_at)
        message = f"the circuit of {app} is open: too many calls failed; ask again in {seconds:.0f} s"
        raise CircuitOpen(message, seconds=seconds)

    async def _refresh(self, known: _Known, binding: Binding, asker: Asker) -> None:
        async with known.reading:
            if known.read_at is None or self._clock.monotonic() - known.read_at >= _FRESH_SECONDS:
                await self._store(known, binding, asker)

    async def _store(self, known: _Known, binding: Binding, asker: Asker) -> None:
        """Add what was counted here to what is stored, and take over what that comes to."""
        calls, failures = known.calls, known.failures
        # Before it is known that they are stored: counted twice they might open it wrongly, lost they do little.
        known.calls = known.failures = 0
        known.circuit = await asker.ask(lambda: _counted(binding, calls, failures), locks=_locks(binding))
        known.read_at = self._clock.monotonic()


def _locks(binding: Binding) -> str:
    return f"circuit {binding.environment_id} {binding.app_environment_id}"


# Asked of the database


def _counted(binding: Binding, calls: int, failures: int) -> Circuit:
    if calls == 0:
        row = _rows(binding).first()
        return Circuit() if row is None else _value(row)
    return _changed(binding, lambda circuit, now: circuit.counted(calls=calls, failures=failures, now=now))


def _let_probe(binding: Binding) -> tuple[Circuit, bool, float]:
    """Return the circuit, whether the one who asks probes, and else when to ask again, in seconds.

    Nobody else probes, since the row is locked. It goes by the database's clock, whatever the process's says.
    """
    before = _value(_locked(binding))
    seconds = before.refused_for(db_clock.now())
    if before.state == "closed" or seconds > 0:
        return before, False, seconds
    return _changed(binding, lambda circuit, now: circuit.probing(now)), True, 0.0


def _probed(binding: Binding, failed: bool) -> Circuit:
    return _changed(binding, lambda circuit, now: circuit.probed(failed=failed, now=now))


def _given_up(binding: Binding) -> Circuit:
    return _changed(binding, lambda circuit, now: circuit.given_up(now))


def _changed(binding: Binding, change: Change) -> Circuit:
    row = _locked(binding)
    circuit = change(_value(row), db_clock.now())
    row.state, row.until, row.openings = circuit.state, circuit.until, circuit.openings
    row.slices = [list(each) for each in circuit.slices]
    row.save()
    return circuit


def _locked(binding: Binding) -> models.Circuit:
    row: models.Circuit | None = _rows(binding).select_for_update().first()
    if row is not None:
        return row
    new = models.Circuit(environment_id=binding.environment_id, app_environment_id=binding.app_environment_id)
    models.Circuit.objects.bulk_create([new], ignore_conflicts=True)
    return _rows(binding).select_for_update().get()


def _rows(binding: Binding) -> QuerySet[models.Circuit]:
    return models.Circuit.objects.filter(
        environment_id=binding.environment_id, app_environment_id=binding.app_environment_id
    )


def _value(row: models.Circuit) -> Circuit:
    slices = tuple(Slice(*each) for each in row.slices)
    return Circuit(state=cast("State", row.state), until=row.until, openings=row.openings, slices=slices)
