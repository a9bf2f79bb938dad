"""Deletes runs that are past their retention with all that belongs to them, and what else has expired."""

from __future__ import annotations

import datetime as dt
import functools
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Count, Q

from integrations import models
from integrations.runtime.history import lineage
from integrations.runtime.retention import expired
from integrations.runtime.retention.expired import PruneStep
from integrations.runtime.retention.pace import Pace, Pruned, delete, delete_in_parts
from integrations.runtime.retention.rules import Rules, Scope

#: How many runs are looked at together.
_LOOK = 200

Value = TypeVar("Value")


def prune(rules: Rules, *, now: dt.datetime, pace: Pace) -> Pruned:
    """Delete all that is past its retention, or until the pace says that time is over."""
    steps = [*(_scope(scope, rules, now) for scope in rules.scopes(now=now)), *expired.steps(now)]
    # Whatever comes first must not use up everybody's time each time.
    random.shuffle(steps)
    for step in (*steps, *expired.steps_after_runs(now)):
        step(pace)
        if pace.is_over():
            pace.pruned.is_complete = False
            break
    return pace.pruned


def _scope(scope: Scope, rules: Rules, now: dt.datetime) -> PruneStep:
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


def _needed(run_ids: set[uuid.UUID]) -> set[uuid.UUID]:
    """Return all runs that are linked to these and to an unfinished one, by replays or by nesting.

    A replay looks at what all attempts have done whenever it starts a nested run.
    """
    linked = lineage.kin_of(run_ids)
    unfinished: set[uuid.UUID] = set()
    for part in _parts(sorted(linked - run_ids), _LOOK):
        unfinished |= set(models.Run.objects.unfinished().filter(pk__in=part).values_list("pk", flat=True))
    return lineage.kin_of(unfinished)


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
    What an unfinished run may still go on from stays.
    """
    needed = _needed({run_id for family in families for run_id in family.run_ids})
    families = [family for family in families if needed.isdisjoint(family.run_ids)]
    run_ids = [run_id for family in families for run_id in family.run_ids]
    if sum(family.rows for family in families) > pace.rows:
        for part in _parts(run_ids, _LOOK):
            delete_in_parts(models.RunLog.objects.filter(run__in=part), pace)
            delete_in_parts(models.Step.objects.filter(run__in=part), pace)
    for part in _parts(run_ids, pace.rows):
        if pace.is_over():
            return
        # They have ended, and what has ended stays so; asked once more, because nothing may go that has not.
        ended = models.Run.objects.filter(pk__in=part, finished_at__isnull=False)
        pace.pruned.runs += pace.write(functools.partial(delete, ended))
