"""What the command palette finds besides pages: the first few records of each kind that the user may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult

#: The kinds that people look for by name. Runs are left out: their table is big and they have no name.
SEARCHED_MODELS = ("integration", "app", "connectedapp", "function", "feature", "job", "database", "notification")

#: Few enough for an answer while someone types.
RECORDS_PER_MODEL = 5

SHORTEST_TERM = 2


def search_records(request: HttpRequest, term: str) -> list[SearchResult]:
    """Return what matches `term`, by the search fields and the permissions of each kind's own admin."""
    if len(term) < SHORTEST_TERM:
        return []
    return [result for model_admin in _searchable(request) for result in _matches(request, model_admin, term)]


def _searchable(request: HttpRequest) -> Iterator[admin.ModelAdmin[Any]]:
    for model in apps.get_app_config("integrations").get_models():
        if model._meta.model_name not in SEARCHED_MODELS or not admin.site.is_registered(model):
            continue
        model_admin = admin.site.get_model_admin(model)
        if model_admin.has_view_permission(request) and model_admin.get_search_fields(request):
            yield model_admin


def _matches(request: HttpRequest, model_admin: admin.ModelAdmin[Any], term: str) -> Iterator[SearchResult]:
    found, may_repeat = model_admin.get_search_results(request, model_admin.get_queryset(request), term)
    if may_repeat:
        found = found.distinct()
    for record in found[:RECORDS_PER_MODEL]:
        yield _result(record)


def _result(record: Model) -> SearchResult:
    options = record._meta
    return SearchResult(
        title=str(record),
        description=str(options.verbose_name),
        link=reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[record.pk]),
        icon="draft",
    )
