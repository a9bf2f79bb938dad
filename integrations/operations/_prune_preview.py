"""Says what pruning would delete, without deleting it."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from django.db.models import Count, Min, Sum, TextField
from django.db.models.functions import Cast, Coalesce, Length

from integrations import models
from integrations.operations import _outlived
from integrations.operations._retention import Rules, Scope

#: How many runs of each line are measured.
_SAMPLE = 20
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
    #: When the one of them ended that ended first.
    oldest: dt.datetime
    #: An estimate, from the first few of them.
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would go now; a run that started others goes once all of these are past their retention, too."""

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


def preview(rules: Rules, *, now: dt.datetime, integration_ids: set[int]) -> Preview:
    """Return what pruning would delete of these integrations, most first."""
    scopes = [scope for scope in rules.scopes(now=now) if scope.integration_id in integration_ids]
    lines = [line for scope in scopes if (line := _line(scope)) is not None]
    expired = models.CacheEntry.objects.expired(now).filter(cache__integration__in=integration_ids)
    slots = _outlived.slots(now).filter(job__integration__in=integration_ids)
    return Preview(lines=sorted(lines, key=lambda line: -line.runs), slots=slots.count(), cache_entries=expired.count())


def _line(scope: Scope) -> Line | None:
    found = scope.runs().aggregate(runs=Count("pk"), oldest=Min("finished_at"))
    if not found["runs"]:
        return None
    named = models.Feature.objects.filter(pk__in=[scope.feature_id] if scope.feature_id is not None else [])
    return Line(
        integration=models.Integration.objects.values_list("tag", flat=True).get(pk=scope.integration_id),
        feature=named.values_list("tag", flat=True).first() or "",
        status=scope.status,
        runs=found["runs"],
        oldest=found["oldest"],
        size_bytes=round(found["runs"] * _mean_size(scope)),
    )


def _mean_size(scope: Scope) -> float:
    sample = list(scope.runs().order_by("finished_at").values_list("pk", flat=True)[:_SAMPLE])
    return sum(_sizes(sample)) / len(sample) if sample else 0


def _sizes(run_ids: list[uuid.UUID]) -> list[int]:
    runs = models.Run.objects.filter(pk__in=run_ids).aggregate(count=Count("pk"), size=_payload("input", "output"))
    steps = models.Step.objects.filter(run__in=run_ids).aggregate(count=Count("pk"), size=_payload("input", "output"))
    logs = models.RunLog.objects.filter(run__in=run_ids).aggregate(count=Count("pk"), size=Sum(Length("text")))
    weights = ((runs, _RUN_BYTES), (steps, _STEP_BYTES), (logs, _LOG_BYTES))
    return [found["count"] * overhead + (found["size"] or 0) for found, overhead in weights]


def _payload(*columns: str) -> Sum:
    """Return the length of these columns together, in characters."""
    lengths = [Coalesce(Length(Cast(column, TextField())), 0) for column in columns]
    return Sum(sum(lengths[1:], start=lengths[0]))
