"""The audit log in the admin: who did what, to read."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from integrations import models
from integrations.admin.base.console import ReadOnlyAdmin
from integrations.admin.base.filters import BY_INTEGRATION


@admin.register(models.AuditRecord)
class AuditRecordAdmin(ReadOnlyAdmin):
    list_display = ("at", "who", "action", "kind", "tag", "integration_tag")
    list_filter = ("action", "kind", BY_INTEGRATION, ("at", RangeDateTimeFilter))
    search_fields = ("tag", "by_name", "integration_tag")
    ordering = ("-at", "-pk")
    fields = ("at", "who", "action", "kind", "tag", "integration_tag", "changes", "reason")
    empty_hint = "Every change of a definition, every publication and every start of a run is written down here."

    @admin.display(description="By", ordering="by_name")
    def who(self, row: models.AuditRecord) -> str:
        return row.by_name or "system"
