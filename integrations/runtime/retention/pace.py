"""Deletes bit by bit, in transactions so short that writers hardly notice.

On SQLite whoever writes keeps all others from writing. So a transaction takes as many rows as the one before showed to
fit, and after each the lock is left alone for longer than it was held.
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

#: A transaction that took less is followed by a larger one, one that took longer by a smaller one. Far below what a
#: writer may be held up for: one that waits asks for the lock ever more rarely, so it may wait for several.
_SHORT_SECONDS, _LONG_SECONDS = 0.015, 0.03
_FIRST_ROWS, _MOST_ROWS = 20, 2_000


@dataclass(slots=True)
class Pruned:
    """What went."""

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
    #: Whether all that was to go has gone.
    is_complete: bool = True

    def __bool__(self) -> bool:
        return any(self.counts().values())

    def counts(self) -> dict[str, int]:
        """Return how much of what went, by the columns of `models.Pruning`."""
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name not in ("longest_ms", "is_complete")
        }


@dataclass(slots=True)
class Pace:
    """How much a transaction takes, and how long the lock is left alone in between."""

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

        What other people have begun to refer to in the meantime stays, until the next time.
        """
        began = time.monotonic()
        try:
            with transaction.atomic():
                # SQLite's lock is there only now; waiting for it holds nobody up.
                began = time.monotonic()
                done = work()
        except IntegrityError:
            logger.info("Something to be pruned is in use again", extra={"action": "prune_refused"}, exc_info=True)
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
    """Delete rows with all that belongs to them, whichever tables refer to them; return how many of their own kind."""
    _, by_kind = rows.delete()
    return by_kind.get(rows.model._meta.label, 0)


def delete_in_parts(rows: orm.QuerySet[Any], pace: Pace, *, how: Callable[[orm.QuerySet[Any]], int] = delete) -> int:
    """Delete these rows in as many transactions as it takes, or until time is over; return how many.

    They go in their order, which names the index that finds them; without one in that of their keys. What makes them
    go is asked again as they do: an expired cache entry may just be being filled.
    """
    deleted = 0
    ordered = (rows if rows.ordered else rows.order_by("pk")).values_list("pk", flat=True)
    while not pace.is_over() and (part := list(ordered[: pace.rows])):
        gone = pace.write(functools.partial(how, rows.filter(pk__in=part)))
        deleted += gone
        if not gone:
            break
    return deleted
