"""Writes many steps by one statement, prepared once: what workers do all day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integrations.models.prepared import Columns, execute_many
from integrations.models.step import IDENTITY, Step

_CHANGING = (
    "type",
    "target",
    "app",
    "status",
    "reason",
    "input",
    "output",
    "error_code",
    "error_message",
    "error_line",
    "error_column",
    "retryable",
    "idempotency_key",
    "started_at",
    "finished_at",
    "due_at",
)
_IDENTITY_COLUMNS = Columns(Step, IDENTITY)
_CHANGING_COLUMNS = Columns(Step, _CHANGING)
_COLUMNS = Columns(Step, (*IDENTITY, "position", *_CHANGING))

#: One step, ready to be written.
Parameters = tuple[Any, ...]

#: Return a step, given by the names of its fields, as `store` takes it; `run` is the run's id.
parameters = _COLUMNS.parameters


def store(steps: Sequence[Parameters]) -> None:
    """Write each step in place of the row of the same attempt; its position stays."""
    if not steps:
        return
    columns = _COLUMNS.quoted
    changes = ", ".join(f"{column} = EXCLUDED.{column}" for column in _CHANGING_COLUMNS.quoted)
    statement = (
        f"INSERT INTO {_COLUMNS.table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608  names from our own model
        f" ON CONFLICT ({', '.join(_IDENTITY_COLUMNS.quoted)}) DO UPDATE SET {changes}"
    )
    execute_many(statement, steps)
