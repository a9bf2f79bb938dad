"""Jobs in the admin. They are stored and checked; nothing starts them in this release, so there is no button for it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from integrations import models
from integrations.admin.base import DefinitionAdmin
from integrations.admin.filters import BY_INTEGRATION
from integrations.admin.forms.nouns import EnvironmentChoice, JobForm
from integrations.operations import jobs


@admin.register(models.Job)
class JobAdmin(DefinitionAdmin):
    operations = jobs.store
    form = JobForm
    list_display = ("tag", "integration", "environment", "is_scheduled", "paused", "updated_at")
    list_filter = (BY_INTEGRATION, "paused")
    list_select_related = ("integration", "environment")
    list_before_template = "admin/integrations/job/not_yet.html"
    change_form_outer_before_template = "admin/integrations/job/not_yet.html"
    search_fields = ("tag", "name", "description")
    ordering = ("integration__name", "tag")
    autocomplete_fields = ("integration",)
    fieldsets = (
        (None, {"fields": ("integration", "tag", "name", "description")}),
        ("What is run", {"fields": ("target", "environment", "input")}),
        ("When", {"fields": ("schedule", ("overlap", "missed"), ("priority", "paused"))}),
        ("When it fails", {"fields": (("retries", "timeout"), "retry")}),
    )
    empty_hint = "A job runs a feature (or an action, a function …) with an input of its own, on a schedule if wanted."

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "environment":
            rows = models.Environment.objects.visible_to(request.user).select_related("integration")
            widget = UnfoldAdminSelectWidget()
            return EnvironmentChoice(rows.order_by("integration__tag", "slug"), required=False, widget=widget)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description="Scheduled", boolean=True)
    def is_scheduled(self, row: models.Job) -> bool:
        return row.schedule is not None
