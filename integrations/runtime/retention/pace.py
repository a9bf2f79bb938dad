"""Deletes in transactions so short that other writers hardly notice.

On SQLite one writer keeps all others from writing. So a transaction takes as many rows as the one before showed to fit,
and after each the lock is left free for longer than it was taken.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from django.db import IntegrityError, transaction
from django.db import models as orm

logger = logging.getLogger(__name__)

#: A transaction that took less is followed by a larger one, one that took longer by a smaller one. Far below how long
#: a writer may be delayed: one that waits asks for the lock ever more rarely, so it may wait for several.
_SHORT_SECONDS, _LONG_SECONDS = 0.015, 0.03
_FIRST_ROWS, _MOST_ROWS = 20, 2_000


@dataclass(slots=True)
class Pruned:
    """What one pruning has deleted."""

    runs: int = 0
    slots: int = 0
    releases: int = 0
    cache_entries: int = 0
    start_keys: int = 0
    failure_groups: int = 0
    bulk_operations: int = 0
    workers: int = 0
    sessions: int = 0
    given_back_bytes: int = 0
    #: The longest transaction, in milliseconds.
    longest_ms: int = 0
    #: Whether nothing that is past its retention is left.
    is_complete: bool = True

    def __bool__(self) -> bool:
        return any(self.counts().values())

    def add(self, name: str, count: int) -> None:
        """Count rows that were deleted."""
        setattr(self, name, getattr(self, name) + count)

    def counts(self) -> dict[str, int]:
        """Return how many rows of which kind were deleted, by the columns of `models.Pruning`."""
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name not in ("longest_ms", "is_complete")
        }


@dataclass(slots=True)
class Pace:
    """How much a transaction deletes, and how long the lock is left free in between."""

    #: Rows of the next transaction at most; a guess that each one corrects.
    rows: int = _FIRST_ROWS
    #: Least time between two transactions, in seconds.
    pause_seconds: float = 0.0
    #: On `time.monotonic`; None is never.
    stop_at: float | None = None
    most_rows: int = _MOST_ROWS
    pruned: Pruned = field(default_factory=Pruned)

    def is_over(self) -> bool:
        return self.stop_at is not None and time.monotonic() >= self.stop_at

    def write(self, work: Callable[[], int]) -> int:
        """Do `work` in a transaction, learn from how long it took, and rest; return what it returns.

        Rows that something refers to again in the meantime stay, until the next time.
        """
        began = time.monotonic()
        try:
            with transaction.atomic():
                # SQLite's lock is taken only now; waiting for it delays no other writer.
                began = time.monotonic()
                done = work()
        except IntegrityError:
            logger.info("Rows that are to be pruned are in use again", extra={"action": "prune_refused"}, exc_info=True)
            done = 0
        self.took(time.monotonic() - began)
        return done

    def took(self, seconds: float) -> None:
        self.pruned.longest_ms = max(self.pruned.longest_ms, round(seconds * 1000))
        if seconds > _LONG_SECONDS:
            self.rows = max(self.rows // 2, 1)
        elif seconds < _SHORT_SECONDS:
            self.rows = min(self.rows * 2, self.most_rows)
        rest = max(self.pause_seconds, 2 * seconds)
        if self.stop_at is None:
            time.sleep(rest)
        else:
            time.sleep(max(min(rest, self.stop_at - time.monotonic()), 0))


def delete(rows: orm.QuerySet[Any]) -> int:
    """Delete rows and the rows that refer to them; return how many of their own kind."""
    _, by_kind = rows.delete()
    return by_kind.get(rows.model._meta.label, 0)


def delete_in_batches(rows: orm.QuerySet[Any], pace: Pace, *, how: Callable[[orm.QuerySet[Any]], int] = delete) -> int:
    """Delete these rows in as many transactions as it takes, or until the pace's time is over; return how many.

    They are deleted in their order, which names the index that finds them; without one in that of their keys. Their
    conditions are checked again then: an expired cache entry may be filled at this moment.
    """
    total = 0
    ordered = (rows if rows.ordered else rows.order_by("pk")).values_list("pk", flat=True)
    while not pace.is_over() and (batch := list(ordered[: pace.rows])):
        deleted = pace.write(functools.partial(how, rows.filter(pk__in=batch)))
        total += deleted
        if not deleted:
            break
    return total
