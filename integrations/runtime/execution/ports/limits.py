"""Circuits and rate budgets for one execution: fulfils `engine.ports.Limits`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from integrations import models
from integrations.connectors.base import Binding
from integrations.engine import budgets
from integrations.engine.budgets import Budget
from integrations.runtime.db import clock
from integrations.runtime.limits.circuits import RunCircuits


class Limits(RunCircuits):
    """Asks the database through the run's recorder; for circuits only where this process does not know."""

    async def reserve(self, binding: Binding, *, has_place: bool, patience_seconds: float) -> float:
        limit = binding.rate_limit
        if limit is None:
            return 0.0

        def reserve(budget: Budget, now: dt.datetime) -> tuple[Budget, float]:
            return budgets.reserve(limit, budget, now=now, has_place=has_place, patience_seconds=patience_seconds)

        delay: float = await self._recorder.ask(lambda: _changed(binding, reserve), locks=_locks(binding))
        return delay

    async def push_back(self, binding: Binding, *, seconds: float) -> None:
        limit = binding.rate_limit
        if limit is None:
            return

        def push_back(budget: Budget, now: dt.datetime) -> tuple[Budget, float]:
            return budgets.push_back(limit, budget, now=now, seconds=seconds), 0.0

        await self._recorder.ask(lambda: _changed(binding, push_back), locks=_locks(binding))


def _locks(binding: Binding) -> str:
    return f"budget {binding.app_environment_id}"


def _changed(binding: Binding, change: Callable[[Budget, dt.datetime], tuple[Budget, float]]) -> float:
    """Change the stored budget, and return in how many seconds the call may be made."""
    now = clock.now()
    row = models.RateBudget.objects.lock_or_create(
        app_environment_id=binding.app_environment_id, defaults={"paid_until": now}
    )
    (row.paid_until, row.sent_until), delay = change(Budget(row.paid_until, row.sent_until), now)
    row.save(update_fields=["paid_until", "sent_until"])
    return delay
