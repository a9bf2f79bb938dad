"""Ends executions as a worker's turn does."""

from __future__ import annotations

from integrations.engine.records import Outcome
from integrations.models import Run
from integrations.operations import _database_time
from integrations.operations._storing import ready_ends, store_ends


def end_execution(run: Run, outcome: Outcome) -> None:
    """Store how the execution of a claimed run ended."""
    now = _database_time.now()
    store_ends(ready_ends([(run, outcome)], now=now), now=now)
