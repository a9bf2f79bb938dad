"""Saves and publishes functions and features: what is saved is a draft, what runs is a version."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from integrations.admin.base.checking import CheckedAdmin
from integrations.admin.base.console import ReadOnlyAdmin, actor
from integrations.operations.saving.published_store import PublishedStore

VERSIONS_SHOWN = 20


class PublishedAdmin(CheckedAdmin):
    """Adds “Save and publish”, and lists the versions below the form."""

    operations: PublishedStore[Any, Any]
    change_form_after_template = "admin/integrations/versions.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.may_write_code = request.user.has_perm("integrations.write_code")
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        publish = "_publish" in request.POST
        self.operations.save(row=obj, definition=form.definition, by=actor(request), publish=publish)
        if publish:
            self.message_user(request, f"Published version {obj.latest_version().number}.")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        versions = [] if row is None else row.versions.select_related("created_by").order_by("-number")[:VERSIONS_SHOWN]
        context |= {"versions": [self._described(version) for version in versions]}
        return super().render_change_form(request, context, *args, **kwargs)

    def _described(self, version: Any) -> dict[str, Any]:
        url = reverse(f"admin:integrations_{version._meta.model_name}_change", args=[version.pk])
        return {
            "url": url,
            "number": version.number,
            "created_at": version.created_at,
            "by": version.created_by or "system",
            "reason": version.reason,
            "sha256": version.sha256[:12],
        }

    @admin.display(description="Published", ordering="latest_number", empty_value="not yet")
    def published(self, row: Any) -> str | None:
        return f"version {row.latest_number}" if row.latest_number else None


class VersionAdmin(ReadOnlyAdmin):
    """Shows one frozen version."""

    list_display = ("__str__", "created_at", "created_by", "reason")
    ordering = ("-pk",)
