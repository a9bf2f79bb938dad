"""Failure groups in the admin: what goes wrong and how often, who looks after it, and all of its runs at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import DropdownFilter
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from integrations import models
from integrations.admin.base.console import ReadOnlyAdmin, actor
from integrations.admin.base.filters import BY_INTEGRATION
from integrations.admin.runs.bulk import BulkPage
from integrations.errors import InvalidInput, OperationRefused, PermissionRefused
from integrations.operations import bulk, failure_groups

State = models.FailureGroup.State
_SHOWN_RUNS = 50
#: Which status's color and sign a state borrows.
_STATUS_OF = {State.OPEN: "failed", State.SNOOZED: "waiting", State.RESOLVED: "succeeded"}
#: How long a group may be left alone, in hours; "" as it is, 0 no longer.
_SNOOZES = [
    ("", "As it is"),
    ("0", "Not any more"),
    ("1", "1 hour"),
    ("24", "1 day"),
    ("168", "1 week"),
    ("720", "30 days"),
]


class StateFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return State.choices

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.in_state(self.value(), timezone.now()) if self.value() in State.values else queryset


class AssignedFilter(DropdownFilter):
    title = "assigned to"
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        visible = models.FailureGroup.objects.visible_to(actor(request)).filter(assigned_to__isnull=False)
        people = User.objects.filter(pk__in=visible.values("assigned_to")).exclude(username=request.user.get_username())
        others = [(str(person.pk), str(person)) for person in people.order_by("username")]
        return [("me", "Me"), ("nobody", "Nobody"), *others]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case None | "":
                return queryset
            case "me":
                return queryset.filter(assigned_to=request.user.pk)
            case "nobody":
                return queryset.filter(assigned_to=None)
            case other:
                return queryset.filter(assigned_to=other) if other.isdecimal() else queryset.none()


class GroupForm(forms.Form):
    """Who looks after the group, until when it is left alone, and what is known of it."""

    assigned_to = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, empty_label="Nobody", widget=UnfoldAdminSelectWidget()
    )
    snooze = forms.ChoiceField(
        choices=_SNOOZES,
        required=False,
        widget=UnfoldAdminSelectWidget(),
        help_text="Left out of the open ones until then.",
    )
    note = forms.CharField(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}))
    revision = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, group: models.FailureGroup) -> None:
        revision = failure_groups.revision_of(group)
        initial = {"assigned_to": group.assigned_to_id, "note": group.note, "revision": revision}
        super().__init__(data, initial=initial)
        self._group = group
        people: Any = self.fields["assigned_to"]
        members = group.integration.members.filter(is_active=True)
        people.queryset = (members | User.objects.filter(failure_groups=group)).distinct().order_by("username")

    @property
    def snoozed_until(self) -> dt.datetime | None:
        hours = self.cleaned_data["snooze"]
        if not hours:
            return self._group.snoozed_until
        return timezone.now() + dt.timedelta(hours=int(hours)) if int(hours) else None


@admin.register(models.FailureGroup)
class FailureGroupAdmin(ReadOnlyAdmin):
    list_display = ("title", "state_badge", "error_code", "called", "count", "seen", "since", "assigned_to")
    sortable_by = ("count", "seen")
    list_filter = (StateFilter, BY_INTEGRATION, AssignedFilter)
    list_select_related = ("assigned_to", "feature", "integration")
    search_fields = ("title", "error_code", "target", "note")
    search_help_text = "Words of the message, an error code, what was called, or a note"
    ordering = ("-last_seen",)
    show_facets = admin.ShowFacets.NEVER
    empty_hint = "No run has failed yet. Those that do are put together here by what went wrong."

    # The list

    @admin.display(description="State")
    def state_badge(self, group: models.FailureGroup) -> SafeString:
        return render_to_string("_components/status_badge.html", _badge(group))

    @admin.display(description="Called")
    def called(self, group: models.FailureGroup) -> str:
        # A job that runs something else than a feature has none.
        feature = str(group.feature) if group.feature else ""
        return " · ".join(filter(None, (feature, group.app, group.target))) or "deleted feature"

    @admin.display(description="Last seen", ordering="last_seen")
    def seen(self, group: models.FailureGroup) -> str:
        return date_format(timezone.localtime(group.last_seen), "j M Y, H:i")

    @admin.display(description="Since version")
    def since(self, group: models.FailureGroup) -> str:
        return str(group.first_version or "–")

    # The page

    def get_urls(self) -> list[Any]:
        return [
            self._path("<int:group_id>/resolve/", require_POST(self.resolve_view), "resolve"),
            self._path("<int:group_id>/reopen/", require_POST(self.reopen_view), "reopen"),
            self._path("<int:group_id>/all/<str:kind>/", require_POST(self.bulk_view), "bulk"),
            *super().get_urls(),
        ]

    def _path(self, route: str, view: Any, name: str) -> Any:
        return path(route, self.admin_site.admin_view(view), name=f"integrations_failuregroup_{name}")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page of a group, or save what was said on it."""
        group = self._group(request, object_id)
        form = GroupForm(request.POST if request.method == "POST" else None, group=group)
        if form.is_valid() and self._is_changed(request, group, form):
            messages.success(request, "Saved.")
            return HttpResponseRedirect(_url(group))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": group,
            "title": _title(group),
            "group": group,
            "badge": _badge(group),
            "form": form,
            "facts": _facts(group),
            "runs": list(_runs(group)[:_SHOWN_RUNS]),
            "runs_url": f"{reverse('admin:integrations_run_changelist')}?failure_group__id__exact={group.pk}",
            "may_manage": request.user.has_perm("integrations.manage_failuregroup"),
            "may_replay": request.user.has_perm("integrations.replay_run"),
        }
        return TemplateResponse(request, "admin/integrations/failure_group/page.html", context)

    def resolve_view(self, request: HttpRequest, group_id: int) -> HttpResponse:
        """Take the group for done with."""
        return self._asked(request, group_id, failure_groups.resolve)

    def reopen_view(self, request: HttpRequest, group_id: int) -> HttpResponse:
        """Take the group for open after all."""
        return self._asked(request, group_id, failure_groups.reopen)

    def bulk_view(self, request: HttpRequest, group_id: int, kind: str) -> HttpResponse:
        """Retry or replay all runs of the group, after a look and a reason."""
        group = self._group(request, group_id)
        if kind not in (bulk.Kind.RETRY, bulk.Kind.REPLAY):
            raise Http404
        if not request.user.has_perm("integrations.replay_run"):
            raise PermissionDenied
        runs = models.Run.objects.visible_to(actor(request)).filter(failure_group=group)
        page = BulkPage(kind=bulk.Kind(kind), runs=runs, description=f"failures: {group.title}", back_url=_url(group))
        return page.respond(request, self.admin_site)

    def _is_changed(self, request: HttpRequest, group: models.FailureGroup, form: GroupForm) -> bool:
        """Change the group as the form says, or show on the form why not."""
        wish = {name: form.cleaned_data[name] for name in ("assigned_to", "note", "revision")}
        try:
            failure_groups.change(group, by=actor(request), snoozed_until=form.snoozed_until, **wish)
        except PermissionRefused as error:
            raise PermissionDenied from error
        except OperationRefused as error:
            form.add_error(None, error.message)
        except InvalidInput as error:
            for problem in error.problems:
                form.add_error(problem.place, problem.message)
        return not form.errors

    def _asked(self, request: HttpRequest, group_id: int, operation: Any) -> HttpResponse:
        group = self._group(request, group_id)
        try:
            operation(group, by=actor(request))
        except PermissionRefused as error:
            raise PermissionDenied from error
        return HttpResponseRedirect(_url(group))

    def _group(self, request: HttpRequest, group_id: object) -> models.FailureGroup:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found: models.FailureGroup = self.get_object(request, str(group_id))
        return found


def _title(group: models.FailureGroup) -> str:
    """Return what fails and how; the message stands below in full."""
    return f"{group.error_code} in {group.feature or group.target or 'a deleted feature'}"


def _badge(group: models.FailureGroup) -> dict[str, str]:
    state = group.state_at(timezone.now())
    return {"status": _STATUS_OF[state], "label": state.label}


def _facts(group: models.FailureGroup) -> list[dict[str, Any]]:
    called = " · ".join(filter(None, (group.app, group.target)))
    return [
        {"label": "Error code", "value": group.error_code},
        _subject(group),
        {"label": "Called", "value": called or "–"},
        {"label": "Integration", "value": group.integration.name},
        {"label": "Count", "value": group.count},
        {"label": "First seen", "value": _shown(group.first_seen)},
        {"label": "Last seen", "value": _shown(group.last_seen)},
        {"label": "Since version", "value": group.first_version or "–"},
        {"label": "Snoozed until", "value": _shown(group.snoozed_until)},
        {"label": "Resolved", "value": _shown(group.resolved_at)},
        {"label": "Seen again after that", "value": _shown(group.reopened_at)},
    ]


def _subject(group: models.FailureGroup) -> dict[str, Any]:
    """Return what runs into it: a feature, or a job that runs something else."""
    if group.feature:
        return _fact("Feature", group.feature)
    run = group.runs.select_related("job").defer("input", "output", "evidence").order_by("-created_at").first()
    return _fact("Job", run.job) if run and run.job else {"label": "Feature", "value": "deleted"}


def _fact(label: str, row: models.Feature | models.Job) -> dict[str, Any]:
    url = reverse(f"admin:integrations_{row._meta.model_name}_change", args=[row.pk])
    return {"label": label, "value": str(row), "url": url}


def _shown(moment: dt.datetime | None) -> str:
    return date_format(timezone.localtime(moment), "j M Y, H:i:s") if moment else "–"


def _runs(group: models.FailureGroup) -> Any:
    rows = group.runs.select_related("feature", "environment", "feature_version").defer("input", "output", "evidence")
    return rows.order_by("-created_at")


def _url(group: models.FailureGroup) -> str:
    return reverse("admin:integrations_failuregroup_change", args=[group.pk])
