"""Environments in the admin; what connected apps are bound to in them is edited on the connected apps."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations import models, strict_json
from integrations.admin.base.console import DefinitionAdmin
from integrations.admin.base.filters import BY_INTEGRATION
from integrations.admin.environment_freeze import FreezeOnPage
from integrations.admin.forms.nouns import EnvironmentForm
from integrations.operations import environments


@admin.register(models.Environment)
class EnvironmentAdmin(FreezeOnPage, DefinitionAdmin):
    operations = environments.store
    form = EnvironmentForm
    list_display = ("slug", "env_name", "integration", "active", "updated")
    list_filter = (BY_INTEGRATION, "active")
    list_select_related = ("integration",)
    search_fields = ("slug", "env_name", "integration__name")
    ordering = ("integration__name", "slug")
    autocomplete_fields = ("integration",)
    fieldsets = (
        (None, {"fields": ("integration", "env_name", "slug", "description", "active")}),
        ("Authentication", {"fields": ("auth",)}),
    )
    empty_hint = "Features run in an environment, with its own base URLs, variables and secrets: dev, stg, prd."

    @admin.display(description="Default authentication data")
    def auth(self, row: models.Environment) -> SafeString:
        """Return what those see who may not change it: names only."""
        return format_html("<pre>{}</pre>", strict_json.pretty(row.auth_shape))
