"""Bulk operations in the admin: the list of them, and a page for each that follows how far it is."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from integrations import models
from integrations.admin.base.console import ReadOnlyAdmin, actor
from integrations.admin.base.filters import BulkResultFilter
from integrations.errors import OperationRefused, PermissionRefused
from integrations.models.run_states import FINAL
from integrations.operations import bulk, workers

#: Items on the page, those that were not done first.
_SHOWN_ITEMS = 100
_EVERY_MILLISECONDS = 1_000


@admin.register(models.BulkOperation)
class BulkOperationAdmin(ReadOnlyAdmin):
    list_display = ("what", "status_badge", "progress", "reason", "by", "created_at")
    list_filter = ("kind", "status")
    list_select_related = ("created_by",)
    ordering = ("-pk",)
    empty_hint = "Select runs in their list, or a failure group, and retry, replay or cancel all of them."

    @admin.display(description="Operation")
    def what(self, operation: models.BulkOperation) -> str:
        return str(operation)

    @admin.display(description="Status")
    def status_badge(self, operation: models.BulkOperation) -> SafeString:
        badge = {"status": operation.status, "label": operation.get_status_display()}
        return render_to_string("_components/status_badge.html", badge)

    @admin.display(description="Progress")
    def progress(self, operation: models.BulkOperation) -> str:
        failed = f", {operation.failed} not done" if operation.failed else ""
        return f"{operation.done} of {operation.total}{failed}"

    @admin.display(description="By")
    def by(self, operation: models.BulkOperation) -> str:
        return _by(operation)

    def get_urls(self) -> list[Any]:
        return [
            self._path("<uuid:operation_id>/progress/", require_GET(self.progress_view), "progress"),
            self._path("<uuid:operation_id>/stop/", require_POST(self.stop_view), "stop"),
            *super().get_urls(),
        ]

    def _path(self, route: str, view: Any, name: str) -> Any:
        return path(route, self.admin_site.admin_view(view), name=f"integrations_bulkoperation_{name}")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page of an operation."""
        operation = self._operation(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": operation,
            "title": str(operation),
            "progress_url": reverse("admin:integrations_bulkoperation_progress", args=[operation.pk]),
            "every": _EVERY_MILLISECONDS,
            **_live_context(operation),
        }
        return TemplateResponse(request, "admin/integrations/bulk_operation/page.html", context)

    def progress_view(self, request: HttpRequest, operation_id: uuid.UUID) -> HttpResponse:
        """Answer with the part of the page that changes."""
        context = _live_context(self._operation(request, str(operation_id)))
        return TemplateResponse(request, "admin/integrations/bulk_operation/live.html", context)

    def stop_view(self, request: HttpRequest, operation_id: uuid.UUID) -> HttpResponse:
        """Leave undone what is left."""
        operation = self._operation(request, str(operation_id))
        try:
            bulk.stop(operation, by=actor(request))
        except PermissionRefused as error:
            raise PermissionDenied from error
        except OperationRefused as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:integrations_bulkoperation_change", args=[operation.pk]))

    def _operation(self, request: HttpRequest, operation_id: str) -> models.BulkOperation:
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_queryset(request).select_related("created_by").filter(pk=uuid.UUID(operation_id)).first()
        except ValueError:
            raise Http404 from None
        if found is None:
            raise Http404
        operation: models.BulkOperation = found
        return operation


def _live_context(operation: models.BulkOperation) -> dict[str, Any]:
    # "failed" sorts behind "done" and before "pending".
    items = list(operation.items.exclude(state="pending").order_by("-state", "id")[:_SHOWN_ITEMS])
    results = _results(operation)
    runs_url = reverse("admin:integrations_run_changelist")
    return {
        "operation": operation,
        "results": results,
        "results_url": f"{runs_url}?{BulkResultFilter.parameter_name}={operation.pk}",
        # What it has started is followed, too.
        "is_final": operation.finished_at is not None and all(each["status"] in FINAL for each in results),
        "items": items,
        "is_cut": operation.done + operation.failed > len(items),
        "is_over": operation.finished_at is not None,
        "by": _by(operation),
        "workers_are_missing": operation.finished_at is None and not workers.is_worker_there(),
        "is_on_hold": operation.finished_at is None and bulk.is_on_hold(operation.kind),
        "announcement": f"{operation.done} done, {operation.failed} not done, {operation.left} left",
    }


def _results(operation: models.BulkOperation) -> list[dict[str, Any]]:
    """Return how many of the runs that it has started are in each status, in the order of a run's life."""
    runs = models.Run.objects.filter(pk__in=operation.items.filter(result_id__isnull=False).values("result_id"))
    counts = dict(runs.order_by().values_list("status").annotate(Count("pk")))
    return [
        {"status": status, "label": f"{counts[status]} {label.lower()}"}
        for status, label in models.Run.Status.choices
        if status in counts
    ]


def _by(operation: models.BulkOperation) -> str:
    return "system" if operation.by_system else str(operation.created_by or "a deleted user")
