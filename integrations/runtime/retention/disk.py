"""Tells how large the database is, and returns the space of deleted rows to the disk."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections

from integrations.runtime.retention.pace import Pace

#: `PRAGMA auto_vacuum`: free pages may be cut off the file, when asked for.
_INCREMENTAL = 2
#: Kept for what is written next, which otherwise would make the file larger again.
_KEPT_BYTES = 4 * 1024 * 1024
#: Fewer than these are not worth a transaction.
_FEWEST_PAGES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    size_bytes: int
    #: Of that, what is empty and is used for what is written next.
    free_bytes: int
    #: Whether a smaller database also takes less of the disk.
    shrinks: bool


def look() -> Disk:
    """Return how large the database is. PostgreSQL uses free space by itself and does not tell here how much."""
    if connection.vendor != "sqlite":
        size = int(_value("SELECT pg_database_size(current_database())"))
        return Disk(size_bytes=size, free_bytes=0, shrinks=False)
    page = int(_value("PRAGMA page_size"))
    return Disk(
        size_bytes=page * int(_value("PRAGMA page_count")),
        free_bytes=page * int(_value("PRAGMA freelist_count")),
        shrinks=int(_value("PRAGMA auto_vacuum")) == _INCREMENTAL,
    )


def shrink(pace: Pace) -> int:
    """Cut free pages off the file of an SQLite database that allows it, few at a time; return how many bytes.

    The pruning is incomplete when the pace's time ends before.
    """
    if connection.vendor != "sqlite":
        return 0
    before = look()
    page = int(_value("PRAGMA page_size"))
    pages = (before.free_bytes - _KEPT_BYTES) // page if before.shrinks else 0
    pace.rows = _FEWEST_PAGES
    while pages >= _FEWEST_PAGES and not pace.is_over():
        pages -= pace.write(functools.partial(_cut_off, min(pages, pace.rows)))
    pace.pruned.is_complete &= pages < _FEWEST_PAGES
    return max(before.size_bytes - look().size_bytes, 0)


def _cut_off(pages: int) -> int:
    _run(f"PRAGMA incremental_vacuum({pages:d})")
    return pages


def _value(statement: str) -> Any:
    return _run(statement)[0][0]


def _run(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        # Each step of the statement frees a page, so that it must be stepped to its end.
        return list(cursor.fetchall())


def allow_shrinking(sender: object, *, using: str, **_options: object) -> None:
    """Let a new SQLite database become smaller later; connected to `pre_migrate`.

    Only an empty one: any other has to be written anew for that, which is left to the operator
    (docs/howto/housekeeping.md).
    """
    database = connections[using]
    if database.vendor == "sqlite" and not database.introspection.table_names():
        with database.cursor() as cursor:
            cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
            cursor.execute("VACUUM")
