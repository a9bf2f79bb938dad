"""Runs in the admin: the list of them, and a page for each that follows it while it goes on. Nobody edits one."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter

from integrations import conf, models, strict_json
from integrations.admin.base.console import ReadOnlyAdmin, actor
from integrations.admin.base.filters import BY_INTEGRATION, BulkResultFilter, ErrorCodeFilter, VisibleRelatedFilter
from integrations.admin.runs import page
from integrations.admin.runs.bulk import BulkActions
from integrations.admin.runs.compare import ComparePages
from integrations.admin.runs.names import name_of, with_names
from integrations.admin.runs.paginator import CappedPaginator
from integrations.admin.runs.replay import ReplayPages
from integrations.errors import OperationRefused, PermissionRefused
from integrations.models import run_lists
from integrations.operations import runs

_PARTS = ("input", "output")
#: The filters by what an index begins with that goes on with the time.
_NARROWING = frozenset(
    f"{column}__exact"
    for column in ("status", "integration__id", "feature__id", "environment__id", "job__id", "failure_group__id")
)


@admin.register(models.Run)
class RunAdmin(ReplayPages, ComparePages, BulkActions, ReadOnlyAdmin):
    list_display = ("what", "status_badge", "integration", "environment", "trigger", "created", "took", "by")
    # Sorting by anything else would sort all runs there are.
    sortable_by = ("created",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        BY_INTEGRATION,
        ("feature", VisibleRelatedFilter),
        ("environment", VisibleRelatedFilter),
        ("job", VisibleRelatedFilter),
        ErrorCodeFilter,
        ("trigger", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
        BulkResultFilter,
    )
    list_select_related = ("feature", "job", "integration", "environment", "created_by")
    search_fields = ("feature__tag", "error_message")
    search_help_text = "A run's id, a feature's tag, or words of an error message"
    paginator = CappedPaginator
    # Counting what each filter would leave reads all runs.
    show_facets = admin.ShowFacets.NEVER
    empty_hint = "Open a feature and press Run; its steps, timings and logs appear here."

    # The list

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leave the values of thousands of runs in the database."""
        rows = run_lists.newest_first(actor(request), is_narrowed=not _NARROWING.isdisjoint(request.GET))
        return with_names(rows.defer("input", "output", "evidence"))

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        run_id = _as_id(search_term)
        if run_id is not None:
            return queryset.filter(pk=run_id), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="Status")
    def status_badge(self, run: models.Run) -> SafeString:
        return render_to_string("_components/status_badge.html", {"status": run.status})

    @admin.display(description="Feature")
    def what(self, run: models.Run) -> str:
        return name_of(run)

    @admin.display(description="Started", ordering="pk")
    def created(self, run: models.Run) -> str:
        """When it started, or was asked for if it did not start yet."""
        return date_format(timezone.localtime(run.started_at or run.created_at), "j M Y, H:i:s")

    @admin.display(description="Duration")
    def took(self, run: models.Run) -> SafeString:
        return render_to_string("admin/integrations/run/duration.html", {"run": run})

    @admin.display(description="By")
    def by(self, run: models.Run) -> str:
        return str(run.created_by or "system")

    # The page

    def get_urls(self) -> list[Any]:
        return [
            self._path("<uuid:run_id>/progress/", require_GET(self.progress_view), "progress"),
            self._path("<uuid:run_id>/resume/", require_POST(self.resume_view), "resume"),
            self._path("<uuid:run_id>/cancel/", require_http_methods(["GET", "POST"])(self.cancel_view), "cancel"),
            self._path("<uuid:run_id>/<str:part>.json", require_GET(self.payload_view), "payload"),
            self._path(
                "<uuid:run_id>/steps/<int:step_id>/<str:part>.json", require_GET(self.step_payload_view), "step_payload"
            ),
            *super().get_urls(),
        ]

    def _path(self, route: str, view: Any, name: str) -> Any:
        return path(route, self.admin_site.admin_view(view), name=f"integrations_run_{name}")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page of a run."""
        run = self._run(request, _as_id(object_id))
        own = page.page_context(run, _reader(request))
        context = {**self.admin_site.each_context(request), "opts": self.opts, "original": run, **own}
        return TemplateResponse(request, "admin/integrations/run/page.html", context)

    def progress_view(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        """Answer with the part of the page that changes."""
        context = page.live_context(self._run(request, run_id), _reader(request))
        return TemplateResponse(request, "admin/integrations/run/live.html", context)

    def resume_view(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        """Have a run go on that nobody executes."""
        resume = functools.partial(runs.resume, patience_seconds=conf.PAGE_PATIENCE_SECONDS)
        return self._asked(request, self._run(request, run_id), resume)

    def cancel_view(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        """Ask whether a run is to end before it has ended by itself, and why; then end it."""
        run = self._run(request, run_id)
        if request.method == "POST":
            return self._asked(request, run, functools.partial(runs.cancel, reason=request.POST.get("reason", "")))
        if not request.user.has_perm("integrations.cancel_run"):
            raise PermissionDenied
        title = {"title": f"Cancel {run.feature or 'run'}?", "opts": self.opts, "original": run, "run": run}
        context = {**self.admin_site.each_context(request), **title}
        return TemplateResponse(request, "admin/integrations/run/cancel.html", context)

    def _asked(self, request: HttpRequest, run: models.Run, operation: Callable[..., object]) -> HttpResponse:
        """Do what a button asks for and show the run as it stands then, with why it was not done."""
        try:
            operation(run=run, by=request.user)
        except PermissionRefused as error:
            raise PermissionDenied from error
        except OperationRefused as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:integrations_run_change", args=[run.pk]))

    def payload_view(self, request: HttpRequest, run_id: uuid.UUID, part: str) -> HttpResponse:
        """Give all of a run's input or output."""
        return _json(self._run(request, run_id), part)

    def step_payload_view(self, request: HttpRequest, run_id: uuid.UUID, step_id: int, part: str) -> HttpResponse:
        """Give all of a step's input or output."""
        step = self._run(request, run_id).steps.filter(pk=step_id).first()
        if step is None:
            raise Http404
        return _json(step, part)

    def _run(self, request: HttpRequest, run_id: uuid.UUID | None) -> Any:
        """Return a run for its page; one that they may not see answers like a missing one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = page.rows().visible_to(request.user).filter(pk=run_id).first()
        if run is None:
            raise Http404
        return run


def _reader(request: HttpRequest) -> page.Reader:
    return page.Reader(user=cast("Any", request.user), wants_all="all" in request.GET)


def _json(row: Any, part: str) -> HttpResponse:
    if part not in _PARTS:
        raise Http404
    return HttpResponse(strict_json.pretty(getattr(row, part)), content_type="application/json; charset=utf-8")


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None
