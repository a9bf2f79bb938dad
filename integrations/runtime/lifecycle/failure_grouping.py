"""Puts failed runs into their failure groups, in the transaction in which their ends are stored."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Case, F, QuerySet, Value, When

from integrations import models
from integrations.runtime.lifecycle import fingerprints

_TITLE_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    run: models.Run
    code: str
    message: str
    #: `sequence/event` of the step that ended the run, or "".
    place: str = ""


class _Kind(NamedTuple):
    """What the failures of one group have in common."""

    integration_id: int
    fingerprint: str
    feature_id: int | None
    app: str
    target: str
    code: str
    title: str

    @classmethod
    def of(cls, failure: Failure, app: str, target: str) -> _Kind:
        feature_id, code = failure.run.feature_id, failure.code
        title = fingerprints.normalized(failure.message) or code
        fingerprint = fingerprints.fingerprint(feature_id=feature_id, app=app, target=target, code=code, title=title)
        return cls(failure.run.integration_id, fingerprint, feature_id, app, target, code, title[:_TITLE_LENGTH])


def note(failures: Iterable[Failure], *, now: dt.datetime) -> None:
    """Count each failure in its group, which is created or reopened, and store the group with the run."""
    failures = list(failures)
    if not failures:
        return
    called = _called(failures)
    kinds: dict[_Kind, list[Failure]] = defaultdict(list)
    for failure in failures:
        app, target = called.get((failure.run.pk, failure.place), ("", ""))
        kinds[_Kind.of(failure, app, target)].append(failure)
    # Every process locks groups in this order.
    for kind in sorted(kinds, key=lambda kind: kind[:2]):
        rows = models.FailureGroup.objects.filter(integration=kind.integration_id, fingerprint=kind.fingerprint)
        if not _count(rows, kinds[kind], now):
            # Another process may create it at the same time.
            models.FailureGroup.objects.bulk_create([_new(kind, kinds[kind][0], now)], ignore_conflicts=True)
            _count(rows, kinds[kind], now)
        runs = models.Run.objects.filter(pk__in=[failure.run.pk for failure in kinds[kind]])
        runs.update(failure_group=rows.values_list("pk", flat=True).get())


def _called(failures: list[Failure]) -> dict[tuple[uuid.UUID, str], tuple[str, str]]:
    """Return by run and place the app and target of the step that failed there."""
    run_ids = [failure.run.pk for failure in failures if failure.place]
    failed = models.Step.objects.filter(run__in=run_ids, status=models.Step.Status.FAILED).order_by("attempt")
    columns = ("run_id", "sequence", "event", "app", "target")
    rows = failed.values_list(*columns) if run_ids else ()
    return {(run_id, f"{sequence}/{event}"): (app, target) for run_id, sequence, event, app, target in rows}


def _count(rows: QuerySet[models.FailureGroup], failures: list[Failure], now: dt.datetime) -> int:
    reopened = Case(When(resolved_at__isnull=False, then=Value(now)), default=F("reopened_at"))
    return rows.update(
        count=F("count") + len(failures),
        last_seen=now,
        message=failures[-1].message,
        reopened_at=reopened,
        resolved_at=None,
    )


def _new(kind: _Kind, failure: Failure, now: dt.datetime) -> models.FailureGroup:
    version = models.FeatureVersion.objects.filter(runs=failure.run)
    return models.FailureGroup(
        integration_id=kind.integration_id,
        fingerprint=kind.fingerprint,
        feature_id=kind.feature_id,
        app=kind.app,
        target=kind.target,
        error_code=kind.code,
        title=kind.title,
        first_seen=now,
        last_seen=now,
        first_version=version.values_list("number", flat=True).first(),
    )
