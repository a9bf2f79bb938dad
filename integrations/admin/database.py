"""Databases in the admin."""

from __future__ import annotations

from django.contrib import admin

from integrations import models
from integrations.admin.base.filters import BY_INTEGRATION
from integrations.admin.base.per_environment import EnvironmentInline, PerEnvironmentAdmin
from integrations.admin.forms.bindings import DatabaseEnvironmentForm, DatabaseForm
from integrations.operations import databases


class DatabaseEnvironmentInline(EnvironmentInline):
    model = models.DatabaseEnvironment
    form = DatabaseEnvironmentForm
    fields = ("environment", "connection_url")


@admin.register(models.Database)
class DatabaseAdmin(PerEnvironmentAdmin):
    operations = databases.store
    form = DatabaseForm
    inlines = (DatabaseEnvironmentInline,)
    list_display = ("tag", "name", "integration", "type", "action_count", "updated")
    list_filter = (BY_INTEGRATION, "type")
    list_select_related = ("integration",)
    search_fields = ("tag", "name", "description")
    ordering = ("integration__name", "tag")
    autocomplete_fields = ("integration",)
    fieldsets = (
        (None, {"fields": ("integration", "tag", "name", "description", "type")}),
        ("Actions", {"fields": ("actions",)}),
    )
    empty_hint = "A database holds the statements that features may run on it. This release does not run them yet."

    @admin.display(description="Actions")
    def action_count(self, row: models.Database) -> int:
        return len(row.actions)
