"""Tells what pruning would delete, without deleting it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Min, QuerySet, Sum, TextField
from django.db.models.functions import Cast, Coalesce, Length

from integrations import models
from integrations.runtime.retention import expired as retention_expired
from integrations.runtime.retention.rules import Rules, Scope

#: How many lines are measured, those with the most runs, and how many runs of each.
_MEASURED, _SAMPLE = 20, 20
#: What a row takes besides its payload, with its share of the indexes.
_RUN_BYTES, _STEP_BYTES, _LOG_BYTES = 1200, 600, 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The runs of one feature with one status that are past their retention."""

    integration: str
    #: "" for features that were deleted.
    feature: str
    status: str
    runs: int
    #: When the first of them ended.
    oldest: dt.datetime
    #: An estimate, from the first few of them, or those of other lines where there are many.
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would be deleted; a run that started others is deleted once all of these are past their retention, too."""

    lines: list[Line] = field(default_factory=list)
    #: Times of schedules.
    slots: int = 0
    cache_entries: int = 0

    @property
    def runs(self) -> int:
        return sum(line.runs for line in self.lines)

    @property
    def is_empty(self) -> bool:
        return not (self.runs or self.slots or self.cache_entries)

    @property
    def size_bytes(self) -> int:
        return sum(line.size_bytes for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A scope in which runs are past their retention."""

    scope: Scope
    runs: int
    oldest: dt.datetime


def preview(rules: Rules, *, now: dt.datetime, integration_ids: set[int]) -> Preview:
    """Return what pruning would delete of these integrations, the most runs first."""
    scopes = [scope for scope in rules.scopes(now=now) if scope.integration_id in integration_ids]
    found = sorted(_found(scopes), key=lambda each: -each.runs)
    means = _mean_sizes([each.scope for each in found[:_MEASURED]])
    means += [sum(means) / max(len(means), 1)] * (len(found) - len(means))
    integrations = models.Integration.objects.in_bulk({each.scope.integration_id for each in found})
    features = models.Feature.objects.in_bulk({each.scope.feature_id for each in found} - {None})
    lines = [
        Line(
            integration=integrations[each.scope.integration_id].tag,
            feature=features[each.scope.feature_id].tag if each.scope.feature_id is not None else "",
            status=each.scope.status,
            runs=each.runs,
            oldest=each.oldest,
            size_bytes=round(each.runs * mean),
        )
        for each, mean in zip(found, means, strict=True)
    ]
    slots = retention_expired.slots(now).filter(job__integration__in=integration_ids)
    cache_entries = models.CacheEntry.objects.expired(now).filter(cache__integration__in=integration_ids)
    return Preview(lines=lines, slots=slots.count(), cache_entries=cache_entries.count())


def _found(scopes: Iterable[Scope]) -> Iterator[_Found]:
    """Yield the scopes in which runs are past their retention, by one query for each status and time."""
    alike: dict[tuple[str, dt.datetime], list[Scope]] = {}
    for scope in scopes:
        alike.setdefault((scope.status, scope.before), []).append(scope)
    for (status, before), group in alike.items():
        ended = models.Run.objects.filter(status=status, finished_at__lt=before)
        of_features = {scope.feature_id: scope for scope in group if scope.feature_id is not None}
        yield from _counted(ended.filter(feature__in=of_features), "feature", of_features)
        of_others = {scope.integration_id: scope for scope in group if scope.feature_id is None}
        yield from _counted(ended.filter(feature=None, integration__in=of_others), "integration", of_others)


def _counted(runs: QuerySet[models.Run], column: str, scopes: Mapping[Any, Scope]) -> Iterator[_Found]:
    for key, count, oldest in runs.values_list(column).annotate(Count("pk"), Min("finished_at")):
        yield _Found(scope=scopes[key], runs=count, oldest=oldest)


def _mean_sizes(scopes: Sequence[Scope]) -> list[float]:
    """Return how many bytes a run of each scope takes with all that belongs to it, by the first few of them."""
    samples = [list(scope.runs().order_by("finished_at").values_list("pk", flat=True)[:_SAMPLE]) for scope in scopes]
    run_ids = [run_id for sample in samples for run_id in sample]
    payload = Sum(_length("input") + _length("output"))
    parts: list[tuple[QuerySet[Any, Any], Sum, int]] = [
        (models.Run.objects.filter(pk__in=run_ids).values_list("pk"), payload, _RUN_BYTES),
        (models.Step.objects.filter(run__in=run_ids).values_list("run"), payload, _STEP_BYTES),
        (models.RunLog.objects.filter(run__in=run_ids).values_list("run"), Sum(Length("text")), _LOG_BYTES),
    ]
    sizes: Counter[uuid.UUID] = Counter()
    for rows, size, overhead in parts:
        for run_id, count, length in rows.annotate(rows=Count("pk"), length=size):
            sizes[run_id] += count * overhead + (length or 0)
    return [sum(sizes[run_id] for run_id in sample) / max(len(sample), 1) for sample in samples]


def _length(column: str) -> Coalesce:
    """Return the expression for a JSON column's length, in characters."""
    return Coalesce(Length(Cast(column, TextField())), 0)
