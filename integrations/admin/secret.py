"""Secrets in the admin: written, replaced and deleted, never shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from integrations import models
from integrations.admin.base.console import DefinitionAdmin, actor
from integrations.admin.base.filters import BY_INTEGRATION
from integrations.admin.forms.nouns import EnvironmentChoice
from integrations.admin.forms.secret import SecretForm
from integrations.operations import secrets


@admin.register(models.Secret)
class SecretAdmin(DefinitionAdmin):
    operations: Any = secrets  # deletes as definitions are; the form saves in its own way
    form = SecretForm
    list_display = ("key", "integration", "where", "description", "updated", "updated_by")
    list_filter = (BY_INTEGRATION,)
    list_select_related = ("integration", "environment", "updated_by")
    search_fields = ("key", "description", "integration__name")
    ordering = ("integration__name", "key")
    autocomplete_fields = ("integration",)
    fieldsets = ((None, {"fields": ("integration", "environment", "key", "description", "value")}),)
    empty_hint = "Definitions read a secret by $Secret{key}. Its value is sealed, and no page ever shows it."

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Fix what a stored value is known by: it is sealed for just that row."""
        return ("integration", "where", "key") if obj is not None else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        where = "environment" if obj is None else "where"
        return ((None, {"fields": ("integration", where, "key", "description", "value")}),)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "environment":
            rows = models.Environment.objects.visible_to(request.user).select_related("integration")
            return EnvironmentChoice(
                rows.order_by("integration__tag", "slug"),
                required=False,
                empty_label="Every environment that has no value of its own",
                widget=UnfoldAdminSelectWidget(),
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        form.store(obj, by=actor(request))

    @admin.display(description="Environment", ordering="environment__slug")
    def where(self, row: models.Secret) -> str:
        return row.environment.slug if row.environment else "every environment"

    @admin.display(description="Value")
    def value(self, row: models.Secret) -> str:
        """Return what those see who may not change it."""
        return "sealed"
