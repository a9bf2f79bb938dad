"""Writes how many runs ended in one statement each, prepared once: the change that limits how fast a queue drains."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from integrations.models.run import Run
from integrations.models.run_states import FINAL, RunStatus, refuse_illegal

_COLUMNS = (
    "status",
    "output",
    "due_at",
    "error_code",
    "error_message",
    "error_place",
    "bindings",
    "finished_at",
    "updated_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How one execution of a run ended: in a final state, or parked as `waiting`."""

    run_id: uuid.UUID
    #: The claim that it was executed under; somebody else's later claim wins.
    fence: int
    status: RunStatus
    output: Any = None
    error_code: str = ""
    error_message: str = ""
    error_place: str = ""
    due_at: dt.datetime | None = None
    #: What it was executed with.
    bindings: Mapping[str, str] = field(default_factory=dict)


def store(ends: Iterable[RunEnd], *, now: dt.datetime) -> None:
    """Write the ends of runs that are still running under the given fence, and let go of them.

    `RunQuerySet.transition` for many at once. Raises:
        ValueError: a running run does not become that.
    """
    rows = [_parameters(end, now) for end in ends]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_statement(), rows)


def _statement() -> str:
    quote = connection.ops.quote_name
    columns = {name: quote(_field(name).column) for name in (*_COLUMNS, "worker", "lease_until", "fence")}
    changes = ", ".join(f"{columns[name]} = %s" for name in _COLUMNS)
    return (
        f"UPDATE {quote(Run._meta.db_table)} SET {changes}, {columns['worker']} = '', {columns['lease_until']} = NULL"  # noqa: S608  names from our own model
        f" WHERE {quote('id')} = %s AND {columns['fence']} = %s AND {columns['status']} = '{RunStatus.RUNNING.value}'"
    )


def _parameters(end: RunEnd, now: dt.datetime) -> tuple[Any, ...]:
    refuse_illegal([RunStatus.RUNNING], end.status)
    values: Mapping[str, Any] = {
        "status": end.status.value,
        "output": end.output,
        "due_at": end.due_at,
        "error_code": end.error_code,
        "error_message": end.error_message,
        "error_place": end.error_place,
        "bindings": dict(end.bindings),
        "finished_at": now if end.status in FINAL else None,
        "updated_at": now,
    }
    columns = tuple(_prepared(name, values[name]) for name in _COLUMNS)
    return (*columns, _prepared("id", end.run_id), end.fence)


def _prepared(name: str, value: Any) -> Any:
    return _field(name).get_db_prep_save(value, connection)


def _field(name: str) -> Any:
    return Run._meta.get_field(name)
