"""Reads everything that an integration defines, for checking references and cutting releases."""

from __future__ import annotations

from typing import Any

from integrations import models
from integrations.definitions.contents import Contents


def contents_of(integration: models.Integration, *, with_jobs: bool = True) -> Contents:
    """Return the integration's definitions, in a fixed number of queries. Secrets are named, never opened.

    Of jobs, which nothing that runs refers to but by their tags, there may be many more than of all else.
    """
    connected = list(models.ConnectedApp.objects.for_integration(integration).with_definition())
    apps = models.App.objects.filter(pk__in={each.app_id for each in connected}).with_definition()
    app_definitions = {app.pk: app.to_definition() for app in apps}
    return Contents(
        tag=integration.tag,
        environments=_by("slug", models.Environment, integration),
        connected_apps={each.access_tag: each.to_definition() for each in connected},
        apps={each.access_tag: app_definitions[each.app_id] for each in connected},
        functions=_by("tag", models.Function, integration),
        features=_by("tag", models.Feature, integration),
        caches=_by("tag", models.Cache, integration),
        notifications=_by("tag", models.Notification, integration),
        databases=_by("tag", models.Database, integration),
        jobs=_by("tag", models.Job, integration) if with_jobs else {},
        secrets=_secret_keys(integration),
    )


def _by(key: str, model: Any, integration: models.Integration) -> dict[str, Any]:
    rows = model.objects.for_integration(integration).with_definition()
    return {getattr(row, key): row.to_definition() for row in rows}


def _secret_keys(integration: models.Integration) -> dict[str, frozenset[str]]:
    pairs = models.Secret.objects.for_integration(integration).values_list("key", "environment__slug")
    keys: dict[str, set[str]] = {}
    for key, slug in pairs:
        keys.setdefault(key, set()).add(slug or "")
    return {key: frozenset(slugs) for key, slugs in keys.items()}
