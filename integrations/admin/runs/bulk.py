"""Bulk actions on the list of runs: what is selected, or all that the filters leave, after a look and a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from integrations import models
from integrations.admin.base.console import actor
from integrations.errors import OperationRefused, PermissionRefused
from integrations.operations import bulk, replays, workers

Kind = bulk.Kind
#: Marks the second request, that of the page which asks for the reason.
CONFIRMED = "_confirmed"
_COUNTED = bulk.MOST_RUNS + 1
_VERSIONS = [("original", "The version that each run was on"), ("latest", "The latest version")]
_WRITES = [
    ("again", "Do it again"),
    ("take_over", "Take its result over"),
]
_STARTS = [(replays.BEGINNING, "From the beginning"), (replays.FAILURE, "Behind all that has finished")]


class BulkForm(forms.Form):
    """Asks for the reason, and for a replay what all of them have in common."""

    version = forms.ChoiceField(choices=_VERSIONS, widget=UnfoldAdminSelectWidget())
    start = forms.ChoiceField(choices=_STARTS, widget=UnfoldAdminSelectWidget())
    writes = forms.ChoiceField(
        label="What has been written already",
        choices=_WRITES,
        widget=UnfoldAdminSelectWidget(),
        help_text="What cannot be undone is never done again: its result is taken over.",
    )
    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), help_text="Kept with each run and in the audit log."
    )

    def __init__(self, data: Any = None, *, kind: bulk.Kind) -> None:
        super().__init__(data)
        if kind != Kind.REPLAY:
            del self.fields["version"], self.fields["start"], self.fields["writes"]


class BulkActions:
    """Adds the actions to the admin of runs."""

    actions = ("retry_selected", "replay_selected", "cancel_selected")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("integrations.replay_run"))

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("integrations.cancel_run"))

    @admin.action(description="Retry failed runs", permissions=["replay"])
    def retry_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        return self._bulk(request, queryset, Kind.RETRY)

    @admin.action(description="Replay runs", permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        return self._bulk(request, queryset, Kind.REPLAY)

    @admin.action(description="Cancel runs", permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        return self._bulk(request, queryset, Kind.CANCEL)

    def _bulk(self, request: HttpRequest, runs: Any, kind: bulk.Kind) -> HttpResponse:
        chosen = [(ACTION_CHECKBOX_NAME, pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)]
        asked = [("action", request.POST["action"]), ("select_across", request.POST.get("select_across", "0"))]
        page = BulkPage(kind=kind, runs=runs, description=_description(request), hidden=(*asked, *chosen))
        return page.respond(request, self.admin_site)  # type: ignore[attr-defined]  # a mixin's


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPage:
    """Asks whether and why, and starts the operation when that was answered. It posts to where it came from."""

    kind: bulk.Kind
    runs: Any
    description: str
    #: Names and values that are posted with the answer.
    hidden: Sequence[tuple[str, str]] = ()
    back_url: str = ""

    def respond(self, request: HttpRequest, site: AdminSite) -> HttpResponse:
        form = BulkForm(request.POST if CONFIRMED in request.POST else None, kind=self.kind)
        if form.is_valid():
            return self._started(request, form.cleaned_data)
        selected, fitting = _count(self.runs), _count(bulk.fitting(self.kind, self.runs))
        context = {
            **site.each_context(request),
            "opts": models.Run._meta,
            "title": f"{self.kind.label} runs",
            "form": form,
            "kind": self.kind,
            "hidden": [(CONFIRMED, "1"), *self.hidden],
            "selected": selected,
            "fitting": fitting,
            "most": bulk.MOST_RUNS,
            "is_too_much": fitting > bulk.MOST_RUNS,
            "workers_are_missing": not workers.is_worker_there(),
            "is_on_hold": bulk.is_on_hold(self.kind),
            "here": request.get_full_path(),
            "back_url": self.back_url or request.get_full_path(),
        }
        return TemplateResponse(request, "admin/integrations/bulk_operation/confirm.html", context)

    def _started(self, request: HttpRequest, wish: dict[str, Any]) -> HttpResponse:
        try:
            operation = bulk.start(
                kind=self.kind, runs=self.runs, by=actor(request), description=self.description, **wish
            )
        except PermissionRefused as error:
            raise PermissionDenied from error
        except OperationRefused as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(self.back_url or request.get_full_path())
        return HttpResponseRedirect(reverse("admin:integrations_bulkoperation_change", args=[operation.pk]))


def _count(runs: Any) -> int:
    """Return how many there are, not counting on far behind what is possible."""
    return len(runs.order_by("pk").values_list("pk", flat=True)[:_COUNTED])


def _description(request: HttpRequest) -> str:
    """Return which runs were asked for, as the list's address says it."""
    if request.POST.get("select_across") != "1":
        return "selected one by one"
    filters = ", ".join(f"{key.replace('__exact', '')} = {value}" for key, value in request.GET.items() if value)
    return f"all with {filters}" if filters else "all there are"
