"""Notifications in the admin."""

from __future__ import annotations

from django.contrib import admin

from integrations import models
from integrations.admin.base.filters import BY_INTEGRATION
from integrations.admin.base.per_environment import EnvironmentInline, PerEnvironmentAdmin
from integrations.admin.forms.bindings import NotificationEnvironmentForm, NotificationForm
from integrations.operations import notifications


class NotificationEnvironmentInline(EnvironmentInline):
    model = models.NotificationEnvironment
    form = NotificationEnvironmentForm
    fields = ("environment", "settings")


@admin.register(models.Notification)
class NotificationAdmin(PerEnvironmentAdmin):
    operations = notifications.store
    form = NotificationForm
    inlines = (NotificationEnvironmentInline,)
    list_display = ("tag", "name", "integration", "message_count", "updated")
    list_filter = (BY_INTEGRATION,)
    list_select_related = ("integration",)
    search_fields = ("tag", "name", "description")
    ordering = ("integration__name", "tag")
    autocomplete_fields = ("integration",)
    fieldsets = (
        (None, {"fields": ("integration", "tag", "name", "description")}),
        ("Messages", {"fields": ("messages",)}),
    )
    empty_hint = (
        "A notification holds messages for email, callbacks, SMS and push. This release does not send them yet."
    )

    @admin.display(description="Messages")
    def message_count(self, row: models.Notification) -> int:
        return len(row.messages)
