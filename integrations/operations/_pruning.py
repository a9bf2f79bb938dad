"""Deletes what is past its retention, in transactions so short that writers hardly notice.

On SQLite whoever writes keeps all others from writing. So a transaction takes as many rows as the one before showed to
fit, and after each the lock is left alone for longer than it was held.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db import models as orm
from django.db.models import Count, Q

from integrations import models
from integrations.operations._retention import Rules, Scope

logger = logging.getLogger(__name__)

#: A transaction that took less is followed by a larger one, one that took longer by a smaller one. Far below what a
#: writer may be held up for: one that waits asks for the lock ever more rarely, so it may wait for several.
_SHORT_SECONDS, _LONG_SECONDS = 0.015, 0.03
_FIRST_ROWS, _MOST_ROWS = 20, 2_000
#: How many runs are looked at together.
_LOOK = 200
#: Releases as young as this may belong to a run that is about to be stored.
_RELEASE_REST = dt.timedelta(days=1)

Value = TypeVar("Value")


@dataclass(slots=True)
class Pruned:
    """What went."""

    runs: int = 0
    releases: int = 0
    cache_entries: int = 0
    start_keys: int = 0
    given_back_bytes: int = 0
    #: The longest transaction, in milliseconds.
    longest_ms: int = 0
    #: Whether all that was to go has gone.
    is_complete: bool = True

    def __bool__(self) -> bool:
        return any((self.runs, self.releases, self.cache_entries, self.start_keys, self.given_back_bytes))

    def counts(self) -> dict[str, int]:
        names = ("runs", "releases", "cache_entries", "start_keys", "given_back_bytes")
        return {name: getattr(self, name) for name in names}


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


def prune(rules: Rules, *, now: dt.datetime, pace: Pace) -> Pruned:
    """Delete all that is past its retention, or until the pace says that time is over."""
    scopes = list(rules.scopes(now=now))
    # Whatever comes first must not use up everybody's time each time.
    random.shuffle(scopes)
    for step in (*(_scope(scope, rules, now) for scope in scopes), _expired(now), _releases(now)):
        step(pace)
        if pace.is_over():
            pace.pruned.is_complete = False
            break
    return pace.pruned


_Step = Callable[[Pace], None]


def _scope(scope: Scope, rules: Rules, now: dt.datetime) -> _Step:
    def step(pace: Pace) -> None:
        for families in _batches(scope, rules, now, pace):
            _delete_families(families, pace)
            if pace.is_over():
                return

    return step


@dataclass(frozen=True, slots=True)
class _Family:
    """A run with all that it has started, directly or through others: they go together."""

    run_ids: list[uuid.UUID]
    #: How many rows belong to them, roughly.
    rows: int


def _batches(scope: Scope, rules: Rules, now: dt.datetime, pace: Pace) -> Iterator[list[_Family]]:
    """Yield families that may go, as many as the pace allows in one transaction, or one that is larger."""
    batch: list[_Family] = []
    for family in _families(scope, rules, now):
        if batch and sum(each.rows for each in batch) + family.rows > pace.rows:
            yield batch
            batch = []
        batch.append(family)
    if batch:
        yield batch


def _families(scope: Scope, rules: Rules, now: dt.datetime) -> Iterator[_Family]:
    """Yield the families of the scope's runs that nobody has started, oldest first, of which every run may go."""
    roots = scope.runs().filter(parent=None).order_by("finished_at", "pk").only(*_WHAT_RULES_READ)
    after = Q()
    while found := list(roots.filter(after)[:_LOOK]):
        last = found[-1]
        after = Q(finished_at__gte=last.finished_at) & ~Q(finished_at=last.finished_at, pk__lte=last.pk)
        yield from _complete(found, rules, now)


_WHAT_RULES_READ = ("pk", "integration_id", "feature_id", "status", "finished_at", "parent_id")


def _complete(roots: list[models.Run], rules: Rules, now: dt.datetime) -> Iterator[_Family]:
    members = {root.pk: [root.pk] for root in roots}
    root_of = {root.pk: root.pk for root in roots}
    level = list(root_of)
    while level:
        parents, level = level, []
        for run in _nested(parents):
            root = root_of[run.pk] = root_of[run.parent_id]
            if not rules.has_passed(run, now=now):
                members.pop(root, None)
            elif root in members:
                members[root].append(run.pk)
                level.append(run.pk)
    rows = _rows_of([run_id for run_ids in members.values() for run_id in run_ids])
    for run_ids in members.values():
        yield _Family(run_ids, rows=sum(1 + rows.get(run_id, 0) for run_id in run_ids))


def _nested(parents: list[uuid.UUID]) -> Iterator[Any]:
    for part in _parts(parents, _LOOK):
        yield from models.Run.objects.filter(parent__in=part).only(*_WHAT_RULES_READ)


def _rows_of(run_ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Return how many steps and log lines each run has; runs without any are left out."""
    counts: dict[uuid.UUID, int] = {}
    for part in _parts(run_ids, _LOOK):
        for rows in (models.Step.objects, models.RunLog.objects):
            for run_id, count in rows.filter(run__in=part).values_list("run").annotate(Count("pk")):
                counts[run_id] = counts.get(run_id, 0) + count
    return counts


def _parts(values: list[Value], size: int) -> Iterator[list[Value]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _delete_families(families: list[_Family], pace: Pace) -> None:
    """Delete runs with all that belongs to them, in one transaction unless a single family is too large for that.

    Then the runs above go before those that they have started, which are nobody's from there on and go by themselves.
    """
    run_ids = [run_id for family in families for run_id in family.run_ids]
    if sum(family.rows for family in families) > pace.rows:
        for part in _parts(run_ids, _LOOK):
            _in_parts(models.RunLog.objects.filter(run__in=part), pace)
            _in_parts(models.Step.objects.filter(run__in=part), pace)
    for part in _parts(run_ids, pace.rows):
        if pace.is_over():
            return
        # They have ended, and what has ended stays so; asked once more, because nothing may go that has not.
        ended = models.Run.objects.filter(pk__in=part, finished_at__isnull=False)
        pace.pruned.runs += pace.write(functools.partial(_delete, ended))


def _in_parts(rows: orm.QuerySet[Any], pace: Pace) -> int:
    """Delete these rows in as many transactions as it takes, or until time is over; return how many.

    What makes them go is asked again as they do: an expired cache entry may just be being filled.
    """
    deleted = 0
    ordered = rows.order_by("pk").values_list("pk", flat=True)
    while not pace.is_over() and (part := list(ordered[: pace.rows])):
        gone = pace.write(functools.partial(_delete, rows.filter(pk__in=part)))
        deleted += gone
        if not gone:
            break
    return deleted


def _delete(rows: orm.QuerySet[Any]) -> int:
    """Delete rows with all that belongs to them, whichever tables refer to them; return how many of their own kind."""
    _, by_kind = rows.delete()
    return by_kind.get(rows.model._meta.label, 0)


def _expired(now: dt.datetime) -> _Step:
    def step(pace: Pace) -> None:
        pace.pruned.cache_entries += _in_parts(models.CacheEntry.objects.expired(now), pace)
        pace.pruned.start_keys += _in_parts(models.StartKey.objects.filter(expires_at__lte=now), pace)

    return step


def _releases(now: dt.datetime) -> _Step:
    """Delete the releases that no run uses and no new run is going to: there is a later version of their feature."""

    def step(pace: Pace) -> None:
        later = models.FeatureVersion.objects.filter(
            feature=orm.OuterRef("feature_version__feature"), number__gt=orm.OuterRef("feature_version__number")
        )
        unused = models.Release.objects.filter(
            ~orm.Exists(models.Run.objects.filter(release=orm.OuterRef("pk"))),
            Q(feature_version=None) | orm.Exists(later),
            created_at__lt=now - _RELEASE_REST,
        )
        pace.pruned.releases += _in_parts(unused, pace)

    return step
