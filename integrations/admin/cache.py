"""Caches in the admin."""

from __future__ import annotations

from django.contrib import admin

from integrations import models
from integrations.admin.base.console import DefinitionAdmin
from integrations.admin.base.filters import BY_INTEGRATION
from integrations.admin.forms.nouns import CacheForm
from integrations.operations import caches


@admin.register(models.Cache)
class CacheAdmin(DefinitionAdmin):
    operations = caches.store
    form = CacheForm
    list_display = ("tag", "integration", "sequence_tag", "event_tag", "kept_for", "updated")
    list_filter = (BY_INTEGRATION,)
    list_select_related = ("integration",)
    search_fields = ("tag", "name", "event_tag")
    ordering = ("integration__name", "tag")
    autocomplete_fields = ("integration",)
    fieldsets = (
        (None, {"fields": ("integration", "tag", "name", "description")}),
        ("What is kept", {"fields": (("sequence_tag", "event_tag"), ("expiry", "period"))}),
    )
    empty_hint = "A cache keeps the successful results of one event for a while. Events name it in “cache”."

    @admin.display(description="Kept for")
    def kept_for(self, row: models.Cache) -> str:
        return f"{row.expiry} {row.get_period_display()}"
