"""Writes the ends of many runs by one statement, prepared once: the change that limits how fast a queue drains."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from integrations.models.prepared import Columns
from integrations.models.run import Run
from integrations.models.run_states import FINAL, RunStatus, refuse_illegal

_ENDED = Columns(
    Run,
    (
        "status",
        "output",
        "due_at",
        "error_code",
        "error_message",
        "error_place",
        "bindings",
        "finished_at",
        "updated_at",
    ),
)
#: The error of a run that is being undone stays: it is stored before.
_PARKED = Columns(Run, ("status", "due_at", "bindings", "updated_at"))
_CONDITIONS = Columns(Run, ("id", "fence"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How one execution of a run ended: in a final state, or parked as `waiting`."""

    run_id: uuid.UUID
    #: The claim that it was executed under; a later claim wins.
    fence: int
    status: RunStatus
    output: Any = None
    error_code: str = ""
    error_message: str = ""
    error_place: str = ""
    due_at: dt.datetime | None = None
    #: What it was executed with.
    bindings: Mapping[str, str] = field(default_factory=dict)


#: One end, ready to be written.
Parameters = tuple[Any, ...]


def parameters(end: RunEnd, *, now: dt.datetime) -> Parameters:
    """Return an end as `store` takes it, or as `park` does.

    Raises:
        ValueError: a running run cannot end like that.
    """
    refuse_illegal([RunStatus.RUNNING], end.status)
    values = {
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
    changes = _ENDED if end.status in FINAL else _PARKED
    return (*changes.parameters(values), *_CONDITIONS.parameters({"id": end.run_id, "fence": end.fence}))


def store(ends: Sequence[Parameters]) -> None:
    """Write the final ends of runs that are still running under the given fence, and end their leases.

    `RunQuerySet.transition` for many at once, as `park` is.
    """
    _write(_ENDED, ends)


def park(ends: Sequence[Parameters]) -> None:
    """Park runs that are still running under the given fence, and end their leases."""
    _write(_PARKED, ends)


def _write(changed: Columns, ends: Sequence[Parameters]) -> None:
    if not ends:
        return
    changes = ", ".join(f"{column} = %s" for column in changed.quoted)
    conditions = " AND ".join(f"{column} = %s" for column in _CONDITIONS.quoted)
    statement = (
        f"UPDATE {changed.table} SET {changes}, worker = '', lease_until = NULL"  # noqa: S608  names from our own model
        f" WHERE {conditions} AND status = '{RunStatus.RUNNING.value}'"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, ends)
