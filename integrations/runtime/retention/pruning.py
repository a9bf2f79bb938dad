"""Deletes runs that are past their retention with all that belongs to them, and what else has expired."""

from __future__ import annotations

import datetime as dt
import functools
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q

from integrations import models
from integrations.runtime.batching import batched
from integrations.runtime.history import lineage
from integrations.runtime.retention import expired
from integrations.runtime.retention.expired import PruneStep
from integrations.runtime.retention.pace import Pace, Pruned, delete, delete_in_batches
from integrations.runtime.retention.rules import Rules, Scope

#: How many runs are read together.
_TOGETHER = 200
#: The columns that a rule looks at.
_RULE_COLUMNS = ("pk", "integration_id", "feature_id", "status", "finished_at", "parent_id")


def prune(rules: Rules, *, now: dt.datetime, pace: Pace) -> Pruned:
    """Delete all that is past its retention, or until the pace's time is over."""
    steps: list[PruneStep] = [functools.partial(_prune_scope, scope, rules, now) for scope in rules.scopes(now=now)]
    steps += expired.steps(now)
    # In another order each time, so that the same ones do not always take all the time.
    random.shuffle(steps)
    for step in (*steps, *expired.steps_after_runs(now)):
        step(pace)
        if pace.is_over():
            pace.pruned.is_complete = False
            break
    return pace.pruned


@dataclass(frozen=True, slots=True)
class _RunTree:
    """A run with all that it has started, directly or through others: they are deleted together."""

    run_ids: list[uuid.UUID]
    #: How many rows belong to them, roughly.
    rows: int


def _prune_scope(scope: Scope, rules: Rules, now: dt.datetime, pace: Pace) -> None:
    """Delete the scope's run trees, as many in one transaction as the pace allows, or one that is larger."""
    batch: list[_RunTree] = []
    for tree in _expired_trees(scope, rules, now):
        if batch and sum(each.rows for each in batch) + tree.rows > pace.rows:
            _delete_trees(batch, pace)
            batch = []
            if pace.is_over():
                return
        batch.append(tree)
    if batch:
        _delete_trees(batch, pace)


def _expired_trees(scope: Scope, rules: Rules, now: dt.datetime) -> Iterator[_RunTree]:
    """Yield the trees of the scope's runs that no run has started, oldest first, in which every run is expired."""
    roots = scope.runs().filter(parent=None).order_by("finished_at", "pk").only(*_RULE_COLUMNS)
    after = Q()
    while found := list(roots.filter(after)[:_TOGETHER]):
        last = found[-1]
        after = Q(finished_at__gte=last.finished_at) & ~Q(finished_at=last.finished_at, pk__lte=last.pk)
        yield from _trees_of(found, rules, now)


def _trees_of(roots: list[models.Run], rules: Rules, now: dt.datetime) -> Iterator[_RunTree]:
    members = {root.pk: [root.pk] for root in roots}
    root_of = {root.pk: root.pk for root in roots}
    level = list(root_of)
    while level:
        parents, level = level, []
        for batch in batched(parents, _TOGETHER):
            for run in models.Run.objects.filter(parent__in=batch).only(*_RULE_COLUMNS):
                root = root_of[run.pk] = root_of[run.parent_id]  # type: ignore[index]  # it has a parent
                if not rules.has_passed(run, now=now):
                    members.pop(root, None)
                elif root in members:
                    members[root].append(run.pk)
                    level.append(run.pk)
    rows = _row_counts([run_id for run_ids in members.values() for run_id in run_ids])
    for run_ids in members.values():
        yield _RunTree(run_ids, rows=sum(1 + rows[run_id] for run_id in run_ids))


def _row_counts(run_ids: list[uuid.UUID]) -> Counter[uuid.UUID]:
    """Return how many steps and log lines each run has."""
    counts: Counter[uuid.UUID] = Counter()
    for batch in batched(run_ids, _TOGETHER):
        for rows in (models.Step.objects, models.RunLog.objects):
            counts.update(dict(rows.filter(run__in=batch).values_list("run").annotate(Count("pk"))))
    return counts


def _delete_trees(trees: list[_RunTree], pace: Pace) -> None:
    """Delete runs with all that belongs to them, in one transaction unless a single tree is too large for that.

    Then the runs above are deleted before those that they have started, which have no parent from there on and are
    deleted by themselves. Runs that an unfinished run may still resume from stay.
    """
    needed = _needed({run_id for tree in trees for run_id in tree.run_ids})
    trees = [tree for tree in trees if needed.isdisjoint(tree.run_ids)]
    run_ids = [run_id for tree in trees for run_id in tree.run_ids]
    if sum(tree.rows for tree in trees) > pace.rows:
        for batch in batched(run_ids, _TOGETHER):
            delete_in_batches(models.RunLog.objects.filter(run__in=batch), pace)
            delete_in_batches(models.Step.objects.filter(run__in=batch), pace)
    for batch in batched(run_ids, pace.rows):
        if pace.is_over():
            return
        # They have ended, and what has ended stays so; checked once more, because no unfinished run may be deleted.
        ended = models.Run.objects.filter(pk__in=batch, finished_at__isnull=False)
        pace.pruned.runs += pace.write(functools.partial(delete, ended))


def _needed(run_ids: set[uuid.UUID]) -> set[uuid.UUID]:
    """Return all runs that are linked to these and to an unfinished one, by replays or by nesting.

    A replay looks at what all attempts have done whenever it starts a nested run.
    """
    linked = lineage.kin_of(run_ids)
    unfinished: set[uuid.UUID] = set()
    for batch in batched(sorted(linked - run_ids), _TOGETHER):
        unfinished |= set(models.Run.objects.unfinished().filter(pk__in=batch).values_list("pk", flat=True))
    return lineage.kin_of(unfinished)
