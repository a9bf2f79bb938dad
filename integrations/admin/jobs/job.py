"""Jobs in the admin: what they start and when, what became of each time, and the buttons that run and hold them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST
from unfold.widgets import UnfoldAdminSelectWidget

from integrations import models
from integrations.admin.base.console import DefinitionAdmin, actor
from integrations.admin.base.filters import BY_INTEGRATION, VisibleRelatedFilter
from integrations.admin.forms.nouns import EnvironmentChoice
from integrations.admin.jobs import page
from integrations.admin.jobs.calendar import CalendarMixin
from integrations.admin.jobs.form import JobForm, schedule_of
from integrations.admin.jobs.run_with_input import JobRunMixin
from integrations.errors import IntegrationsError, PermissionRefused
from integrations.operations import jobs, queued_slots

#: How many refusals a list tells of one by one.
_TOLD = 10
_NO_ENVIRONMENT = "None: it is chosen each time it is run"


@admin.register(models.Job)
class JobAdmin(CalendarMixin, JobRunMixin, DefinitionAdmin):
    operations = jobs.store
    form = JobForm
    list_display = ("tag", "integration", "environment", "when", "next_time", "last_outcome", "updated")
    list_filter = (BY_INTEGRATION, ("environment", VisibleRelatedFilter), "paused")
    list_select_related = ("integration", "environment")
    list_before_template = "admin/integrations/job/list_head.html"
    change_form_outer_before_template = "admin/integrations/job/controls.html"
    change_form_after_template = "admin/integrations/job/after.html"
    search_fields = ("tag", "name", "description")
    ordering = ("integration__name", "tag")
    readonly_fields = ("next_times",)
    actions = ("run_selected", "pause_selected", "resume_selected")
    one_by_one = frozenset({"run_selected"})
    fieldsets = (
        (None, {"fields": ("integration", "tag", "name", "description")}),
        ("What is run", {"fields": ("target", "environment", "input")}),
        (
            "When",
            {
                "fields": (
                    "when",
                    "cron",
                    "tz",
                    "every",
                    ("start_at", "end_at", "limit"),
                    "next_times",
                    ("overlap", "missed"),
                    ("priority", "paused"),
                )
            },
        ),
        ("When it fails", {"fields": (("retries", "timeout"), "retry")}),
    )
    empty_hint = "A job runs a feature (or an action, a function …) with an input of its own, on a schedule if wanted."

    # The list

    def get_queryset(self, request: HttpRequest) -> Any:
        return page.with_last_slot(super().get_queryset(request))

    @admin.display(description="Fires")
    def when(self, row: models.Job) -> str:
        return page.in_words(row)

    @admin.display(description="Next", ordering="next_at")
    def next_time(self, row: models.Job) -> str:
        if row.next_at is None:
            return jobs.standstill(row) or "–"
        return f"{'due since ' if page.is_due(row) else ''}{page.shown_time(row.next_at)}"

    @admin.display(description="Last time")
    def last_outcome(self, row: Any) -> str | SafeString:
        if not row.last_status:
            return "–"
        # A time that started something is as good as its run.
        if row.last_status == models.Slot.Status.STARTED and row.last_run_status:
            context = {"status": row.last_run_status, "label": ""}
        else:
            label = models.Slot.Status(row.last_status).label
            context = {"status": page.BADGES[row.last_status], "label": label}
        return render_to_string("_components/status_badge.html", context)

    @admin.action(description="Run now")
    def run_selected(self, request: HttpRequest, queryset: Any) -> None:
        chosen = queryset.select_related("integration", "environment")
        started, refused = jobs.request_all(jobs=chosen, by=actor(request), trigger=models.Run.Trigger.ADMIN)
        if started:
            self.message_user(request, f"Started {len(started)} runs.")
        for job, error in refused[:_TOLD]:
            self.message_user(request, f"{job.tag} was not started: {error.message}", messages.ERROR)
        if len(refused) > _TOLD:
            self.message_user(request, f"{len(refused) - _TOLD} more were not started.", messages.ERROR)

    @admin.action(description="Pause")
    def pause_selected(self, request: HttpRequest, queryset: Any) -> None:
        self.message_user(request, f"Paused {jobs.pause(jobs=queryset, by=actor(request))} jobs.")

    @admin.action(description="Resume")
    def resume_selected(self, request: HttpRequest, queryset: Any) -> None:
        self.message_user(request, f"Resumed {jobs.resume(jobs=queryset, by=actor(request))} jobs.")

    # The page

    def get_urls(self) -> list[Any]:
        return [
            self._path("schedule-preview/", require_GET(self.preview_view), "preview"),
            self._path("offer/", require_GET(self.offer_view), "offer"),
            self._path("<path:object_id>/run/", require_POST(self.run_view), "run"),
            self._path("<path:object_id>/pause/", require_POST(self.pause_view), "pause"),
            self._path("<path:object_id>/resume/", require_POST(self.resume_view), "resume"),
            self._path("<path:object_id>/skip-waiting/", require_POST(self.skip_waiting_view), "skip_waiting"),
            *super().get_urls(),
        ]

    def _path(self, route: str, view: Any, name: str) -> Any:
        return path(route, self.admin_site.admin_view(view), name=f"integrations_job_{name}")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "environment":
            rows = models.Environment.objects.visible_to(request.user).select_related("integration")
            widget = UnfoldAdminSelectWidget()
            rows = rows.order_by("integration__tag", "slug")
            return EnvironmentChoice(rows, required=False, empty_label=_NO_ENVIRONMENT, widget=widget)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            context |= page.context(row, actor(request))
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="Next times")
    def next_times(self, row: models.Job) -> SafeString:
        context = page.preview(row.schedule, row if row.pk else None)
        return render_to_string("admin/integrations/job/preview.html", context)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with the next times of the schedule that is being written, or with what is wrong with it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        typed = {**request.GET.dict(), **page.numbers(request.GET)}
        context = page.preview(schedule_of(typed), self._named(request))
        return TemplateResponse(request, "admin/integrations/job/preview.html", context)

    def offer_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with the parts of the form that depend on what else was chosen in it, as it stands in the address."""
        job = self._named(request)
        may = self.has_add_permission(request) if job is None else self.has_change_permission(request, job)
        if not may:
            raise PermissionDenied
        form = self.get_form(request, job, change=job is not None)(instance=job, initial=request.GET.dict())
        return TemplateResponse(request, "admin/integrations/job/offer.html", {"form": form})

    def run_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Start a run of the job now and show it."""

        def start(job: models.Job) -> str:
            return reverse("admin:integrations_run_change", args=[self._run(request, job).pk])

        return self._asked(request, object_id, start)

    def pause_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        reason = request.POST.get("reason", "")
        return self._asked(request, object_id, lambda job: jobs.pause(jobs=[job], by=actor(request), reason=reason))

    def resume_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._asked(request, object_id, lambda job: jobs.resume(jobs=[job], by=actor(request)))

    def skip_waiting_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        reason = request.POST.get("reason", "")
        return self._asked(request, object_id, lambda job: queued_slots.skip(job=job, by=actor(request), reason=reason))

    def _named(self, request: HttpRequest) -> models.Job | None:
        """Return the job whose form asks, None when it is being made."""
        job_id = request.GET.get("job", "")
        return self.get_object(request, job_id) if job_id else None

    def _run(self, request: HttpRequest, job: models.Job) -> models.Run:
        return jobs.request(job=job, by=actor(request), trigger=models.Run.Trigger.ADMIN)

    def _asked(self, request: HttpRequest, object_id: str, ask: Callable[[models.Job], object]) -> HttpResponse:
        """Do what a button asks for, and show its page or the job's with why it was not done."""
        job = self.get_object(request, unquote(object_id))
        try:
            answer = ask(job)
        except PermissionRefused as error:
            raise PermissionDenied from error
        except IntegrationsError as error:
            messages.error(request, error.message)
        else:
            if isinstance(answer, str):
                return HttpResponseRedirect(answer)
        return HttpResponseRedirect(reverse("admin:integrations_job_change", args=[job.pk]))
