"""Finds the runs that match a filter."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from integrations import models
from integrations.actors import Actor
from integrations.definitions.run_filter import RunFilter
from integrations.operations import environments, features, jobs


def matching(run_filter: RunFilter, *, integration: models.Integration, by: Actor) -> QuerySet[models.Run]:
    """Return the runs of the integration that match the filter, as far as `by` may see them.

    Raises:
        NotFound: it names a feature, an environment or a job that does not exist.
    """
    where: dict[str, Any] = {"integration": integration, "by": by}
    conditions = {
        "status__in": run_filter.status or None,
        "feature": features.fetch(tag=run_filter.feature, **where) if run_filter.feature else None,
        "environment": environments.fetch(tag=run_filter.env, **where) if run_filter.env else None,
        "job": jobs.fetch(tag=run_filter.job, **where) if run_filter.job else None,
        "error_code": run_filter.error_code,
        "created_at__gte": run_filter.since,
        "created_at__lt": run_filter.until,
    }
    filters = {name: value for name, value in conditions.items() if value is not None}
    return models.Run.objects.visible_to(by).filter(integration=integration, **filters)
