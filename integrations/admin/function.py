"""Functions in the admin: source, input and output, versions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Max
from django.http import HttpRequest

from integrations import models
from integrations.admin.base.filters import BY_INTEGRATION
from integrations.admin.base.publishing import PublishedAdmin, VersionAdmin
from integrations.admin.forms.code import FunctionForm
from integrations.operations import functions


@admin.register(models.Function)
class FunctionAdmin(PublishedAdmin):
    operations = functions.store
    form = FunctionForm
    list_display = ("tag", "integration", "language", "published", "updated")
    list_filter = (BY_INTEGRATION, "language")
    list_select_related = ("integration",)
    search_fields = ("tag", "name", "description")
    ordering = ("integration__name", "tag")
    autocomplete_fields = ("integration",)
    fieldsets = (
        (None, {"fields": ("integration", "tag", "name", "description")}),
        ("Code", {"fields": ("language", "function")}),
        ("Types", {"fields": ("input", "output")}),
    )
    empty_hint = "A function computes something in JavaScript or TypeScript: JSON in, JSON out."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(latest_number=Max("versions__number"))


@admin.register(models.FunctionVersion)
class FunctionVersionAdmin(VersionAdmin):
    list_select_related = ("function", "created_by")
    fields = ("function", "number", "created_at", "created_by", "reason", "sha256", "definition", "javascript")
    search_fields = ("function__tag",)
