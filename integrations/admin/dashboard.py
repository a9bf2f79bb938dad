"""What the admin's first page shows: runs of late, how they ended, and the integrations."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from integrations import models
from integrations.admin.runs.names import name_of, with_names
from integrations.models import run_lists

RECENT_RUNS = 10
LISTED_INTEGRATIONS = 20
COUNTED = dt.timedelta(hours=24)


def dashboard_callback(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what `templates/admin/index.html` shows, each part for those who may see it."""
    user: Any = request.user
    if user.has_perm("integrations.view_run"):
        context |= {"recent_runs": _recent_runs(user), "status_counts": _status_counts(user), "now": timezone.now()}
    if user.has_perm("integrations.view_integration"):
        context["integrations"] = _integrations(user)
        context["integrations_url"] = reverse("admin:integrations_integration_changelist")
        context["first_steps"] = [] if context["integrations"] else _first_steps(user)
    return context


def _recent_runs(user: Any) -> list[dict[str, Any]]:
    newest = with_names(run_lists.newest_first(user, is_narrowed=False))
    runs = newest.select_related("feature", "job", "integration", "environment")
    return [_as_recent(run) for run in runs.defer("input", "output", "evidence")[:RECENT_RUNS]]


def _as_recent(run: models.Run) -> dict[str, Any]:
    return {
        "url": reverse("admin:integrations_run_change", args=[run.pk]),
        "feature": name_of(run),
        "integration": run.integration.name,
        "environment": run.environment.slug,
        "status": run.status,
        "started_at": run.started_at,
        "duration": run.duration,
    }


def _status_counts(user: Any) -> list[dict[str, Any]]:
    """Return the runs that were created of late by status, those with any, in the order of a run's life."""
    since = timezone.now() - COUNTED
    runs = models.Run.objects.visible_to(user).filter(created_at__gte=since)
    counts = dict(runs.order_by().values_list("status").annotate(number=Count("pk")))
    url = reverse("admin:integrations_run_changelist")
    return [
        {"status": status.value, "label": status.label, "count": counts[status], "url": f"{url}?status__exact={status}"}
        for status in models.Run.Status
        if status in counts
    ]


def _integrations(user: Any) -> list[dict[str, Any]]:
    own_runs = models.Run.objects.filter(integration=OuterRef("pk")).order_by("-created_at")
    own_features = models.Feature.objects.filter(integration=OuterRef("pk")).order_by().values("integration")
    rows = models.Integration.objects.visible_to(user).annotate(
        last_run_status=Subquery(own_runs.values("status")[:1]),
        number_of_features=Coalesce(Subquery(own_features.annotate(number=Count("pk")).values("number")), 0),
    )
    return [_as_listed(row) for row in rows.order_by("name")[:LISTED_INTEGRATIONS]]


def _as_listed(row: Any) -> dict[str, Any]:
    return {
        "url": reverse("admin:integrations_integration_change", args=[row.pk]),
        "name": row.name,
        "features": row.number_of_features,
        "last_run_status": row.last_run_status,
    }


def _first_steps(user: Any) -> list[dict[str, str]]:
    """Return what a new installation needs, in the order in which it is made."""
    steps = (
        ("app", "Describe an app", "The API that you want to call: its addresses, actions and how to log in."),
        ("integration", "Create an integration", "It holds what belongs to one task, and who may see it."),
        ("environment", "Add an environment", "Where it runs: development, staging, production."),
        ("connectedapp", "Connect the app", "With an address and credentials for each environment."),
        ("feature", "Write a feature", "Code, or sequences of actions and functions. Publish it, then press Run."),
    )
    return [
        {"title": title, "text": text, "url": reverse(f"admin:integrations_{name}_add")}
        for name, title, text in steps
        if user.has_perm(f"integrations.add_{name}")
    ]
