"""Features in the admin: code or sequences, checked while they are written, published, and run."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from integrations import models
from integrations.admin.base.filters import BY_INTEGRATION
from integrations.admin.base.publishing import PublishedAdmin, VersionAdmin
from integrations.admin.forms.code import FeatureForm
from integrations.admin.starting.feature import FeatureRunMixin
from integrations.definitions import releasing
from integrations.operations import features


@admin.register(models.Feature)
class FeatureAdmin(FeatureRunMixin, PublishedAdmin):
    operations = features.store
    form = FeatureForm
    list_display = ("tag", "name", "integration", "made_of", "published", "updated")
    list_filter = (BY_INTEGRATION,)
    list_select_related = ("integration",)
    search_fields = ("tag", "name", "description")
    ordering = ("integration__name", "tag")
    autocomplete_fields = ("integration",)
    fieldsets = (
        (None, {"fields": ("integration", "tag", "name", "description")}),
        ("What it does", {"fields": ("input", "kind", "sequence", "language", "function", "output")}),
        (
            "Settings",
            {
                "fields": ("store_event_results", ("timeout", "concurrency"), "rate_limit", "deduplicate"),
                "classes": ("collapse",),
            },
        ),
    )
    change_form_outer_before_template = "admin/integrations/feature/not_yet.html"
    empty_hint = "A feature is what runs: a typed operation that calls apps, functions and other features."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).with_latest_number()

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            context |= {"run_url": _run_url(request, row), "unavailable": releasing.unavailable(row.to_definition())}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="Made of")
    def made_of(self, row: models.Feature) -> str:
        return row.get_language_display() if row.language else "Sequences"


@admin.register(models.FeatureVersion)
class FeatureVersionAdmin(VersionAdmin):
    list_select_related = ("feature", "created_by")
    fields = ("feature", "number", "created_at", "created_by", "reason", "sha256", "definition")
    search_fields = ("feature__tag",)


def _run_url(request: HttpRequest, row: models.Feature) -> str:
    may_run = request.user.has_perm("integrations.start_run")
    return reverse("admin:integrations_feature_run", args=[row.pk]) if may_run else ""
