"""Finds the runs that a filter means."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from integrations import models
from integrations.actors import Actor
from integrations.definitions.run_filter import RunFilter
from integrations.operations import environments, features, jobs


def matching(wanted: RunFilter, *, integration: models.Integration, by: Actor) -> QuerySet[models.Run]:
    """Return those runs of the integration that `by` may see and the filter means.

    Raises:
        NotFound: it names a feature, an environment or a job that is not there.
    """
    where: dict[str, Any] = {"integration": integration, "by": by}
    conditions = {
        "status__in": wanted.status or None,
        "feature": features.fetch(tag=wanted.feature, **where) if wanted.feature else None,
        "environment": environments.fetch(tag=wanted.env, **where) if wanted.env else None,
        "job": jobs.fetch(tag=wanted.job, **where) if wanted.job else None,
        "error_code": wanted.error_code,
        "created_at__gte": wanted.since,
        "created_at__lt": wanted.until,
    }
    said = {name: value for name, value in conditions.items() if value is not None}
    return models.Run.objects.visible_to(by).filter(integration=integration, **said)
