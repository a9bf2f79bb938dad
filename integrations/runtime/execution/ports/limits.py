"""Circuits and rate budgets for one execution: fulfils `engine.ports.Limits`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

from integrations import models
from integrations.connectors.base import Binding
from integrations.definitions.rate_limit import RateLimit
from integrations.engine import budgets
from integrations.engine.budgets import Budget
from integrations.runtime.db import clock
from integrations.runtime.execution.recorder import RunRecorder
from integrations.runtime.limits.circuits import CircuitBook


class Limits:
    """Asks the database through the run's recorder, and the process's book before that."""

    def __init__(self, book: CircuitBook, recorder: RunRecorder) -> None:
        self._book, self._recorder = book, recorder

    async def refuse_if_open(self, binding: Binding) -> None:
        await self._book.refuse_if_open(binding, self._recorder)

    async def admit(self, binding: Binding) -> bool:
        return await self._book.admit(binding, self._recorder)

    async def report(self, binding: Binding, *, failed: bool, is_probe: bool) -> None:
        await self._book.report(binding, self._recorder, failed=failed, is_probe=is_probe)

    def report_late(self, binding: Binding, *, is_probe: bool) -> None:
        self._book.report_late(binding, self._recorder, is_probe=is_probe)

    def abandon_probe(self, binding: Binding) -> None:
        self._book.abandon_probe(binding, self._recorder)

    async def reserve(self, binding: Binding, *, has_place: bool, patience_seconds: float) -> float:
        limit = binding.rate_limit
        if limit is None:
            return 0.0
        reserve = partial(budgets.reserve, limit, has_place=has_place, patience_seconds=patience_seconds)
        return await self._recorder.ask(lambda: _reserved(binding, reserve), locks=_locks(binding))

    async def push_back(self, binding: Binding, *, seconds: float) -> None:
        limit = binding.rate_limit
        if limit is not None:
            await self._recorder.ask(lambda: _pushed_back(binding, limit, seconds), locks=_locks(binding))


def _locks(binding: Binding) -> str:
    return f"budget {binding.app_environment_id}"


def _reserved(binding: Binding, reserve: Callable[..., tuple[Budget, float]]) -> float:
    now = clock.now()
    row = _locked(binding, now)
    budget, delay = reserve(_value(row), now=now)
    _keep(row, budget)
    return delay


def _pushed_back(binding: Binding, limit: RateLimit, seconds: float) -> None:
    now = clock.now()
    row = _locked(binding, now)
    _keep(row, budgets.push_back(limit, _value(row), now=now, seconds=seconds))


def _value(row: models.RateBudget) -> Budget:
    return Budget(row.paid_until, row.sent_until)


def _keep(row: models.RateBudget, budget: Budget) -> None:
    row.paid_until, row.sent_until = budget
    row.save(update_fields=["paid_until", "sent_until"])


def _locked(binding: Binding, now: dt.datetime) -> models.RateBudget:
    rows = models.RateBudget.objects.filter(app_environment_id=binding.app_environment_id)
    row = rows.select_for_update().first()
    if row is not None:
        return row
    new = models.RateBudget(app_environment_id=binding.app_environment_id, paid_until=now)
    models.RateBudget.objects.bulk_create([new], ignore_conflicts=True)
    return rows.select_for_update().get()
