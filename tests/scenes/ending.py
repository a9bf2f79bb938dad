"""Ends executions as a worker's turn does."""

from __future__ import annotations

from integrations.engine.records import Outcome
from integrations.models import Run
from integrations.runtime.db import clock
from integrations.runtime.execution.persistence import ready_ends, store_ends


def end_execution(run: Run, outcome: Outcome) -> None:
    """Store how the execution of a claimed run ended."""
    now = clock.now()
    store_ends(ready_ends([(run, outcome)], now=now), now=now)
