"""Approvals in the admin: what waits for whoever looks, a page to decide each, and what has been decided."""

from __future__ import annotations

import uuid
from typing import Any

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
from django.views.decorators.http import require_GET, require_POST

from integrations import models, strict_json
from integrations.admin.base.console import ReadOnlyAdmin, actor
from integrations.admin.base.filters import VisibleRelatedFilter
from integrations.admin.runs.payloads import cut_text, payload
from integrations.errors import IntegrationsError, NotFound
from integrations.operations import approvals

#: The badge for each way an approval may stand: a run's status with its color and sign, and the words.
_BADGES = {
    "approved": ("succeeded", "approved"),
    "rejected": ("failed", "rejected"),
    "expired": ("cancelled", "expired"),
    "ended": ("cancelled", "run has ended"),
    "open": ("waiting", "open"),
}


#: What the list can be narrowed to, above it and among its filters.
_STATES = (("mine", "For me to decide"), ("open", "Open"), ("decided", "Decided"))


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return _STATES

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "mine":
                return queryset.filter(pk__in=approvals.open_for(by=actor(request)).order_by().values("pk"))
            case "open":
                return queryset.filter(pk__in=models.Approval.objects.undecided(timezone.now()).values("pk"))
            case "decided":
                return queryset.exclude(decision="")
        return queryset


@admin.register(models.Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ("title", "state_badge", "feature", "integration", "environment", "asked", "who", "reason")
    sortable_by = ("asked",)
    list_filter = (StateFilter, ("run__integration", VisibleRelatedFilter))
    list_select_related = ("run__feature", "run__integration", "run__environment", "decided_by")
    search_fields = ("title", "event", "run__feature__tag")
    ordering = ("-pk",)
    show_facets = admin.ShowFacets.NEVER
    list_before_template = "admin/integrations/approval/states.html"
    empty_hint = "A feature asks for one with an event of the type approval; its run waits until somebody decides."

    # The list

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leave long payloads, and the values of runs, in the database."""
        big = ("payload", "run__input", "run__output", "run__evidence")
        return super().get_queryset(request).defer(*big)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Offer what waits for whoever looks, above the list, and how much that is."""
        own = {"states": [*_STATES, ("", "All")], "number_for_me": approvals.open_for(by=actor(request)).count()}
        return super().changelist_view(request, {**(extra_context or {}), **own, "state": request.GET.get("state", "")})

    @admin.display(description="State")
    def state_badge(self, approval: models.Approval) -> SafeString:
        return _badge(approval)

    @admin.display(description="Feature", empty_value="deleted feature")
    def feature(self, approval: models.Approval) -> models.Feature | None:
        return approval.run.feature

    @admin.display(description="Integration")
    def integration(self, approval: models.Approval) -> str:
        return approval.run.integration.name

    @admin.display(description="Environment")
    def environment(self, approval: models.Approval) -> str:
        return approval.run.environment.slug

    @admin.display(description="Asked", ordering="pk")
    def asked(self, approval: models.Approval) -> str:
        return date_format(timezone.localtime(approval.created_at), "j M Y, H:i:s")

    @admin.display(description="Decided by")
    def who(self, approval: models.Approval) -> str:
        return _decided_by(approval)

    # The page

    def get_urls(self) -> list[Any]:
        return [
            self._path("<int:approval_id>/decide/", require_POST(self.decide_view), "decide"),
            self._path("<int:approval_id>/payload.json", require_GET(self.payload_view), "payload"),
            *super().get_urls(),
        ]

    def _path(self, route: str, view: Any, name: str) -> Any:
        return path(route, self.admin_site.admin_view(view), name=f"integrations_approval_{name}")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what is asked, and let those decide who may."""
        approval = self._approval(request, object_id)
        payload_url = reverse("admin:integrations_approval_payload", args=[approval.pk])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": approval,
            "title": approval.title,
            "approval": approval,
            "badge": _badge(approval),
            "payload": payload(approval.payload_text, url=payload_url),
            "may_decide": approvals.open_for(by=actor(request)).filter(pk=approval.pk).exists(),
            "is_open": _state(approval) == "open",
            "approvers": _approvers(approval),
            "decided_by": _decided_by(approval),
            "now": timezone.now(),
        }
        return TemplateResponse(request, "admin/integrations/approval/page.html", context)

    def decide_view(self, request: HttpRequest, approval_id: int) -> HttpResponse:
        """Decide and show the run as it goes on, or why it was not decided."""
        approval = self._approval(request, approval_id)
        decision, reason = request.POST.get("decision", ""), request.POST.get("reason", "")
        try:
            decided = approvals.decide(approval=approval, decision=decision, by=actor(request), reason=reason)
        except NotFound as error:
            raise Http404 from error
        except IntegrationsError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(reverse("admin:integrations_approval_change", args=[approval.pk]))
        messages.success(request, f"{decided.title}: {decided.get_decision_display().lower()}")
        approvals.resume(decided)
        return HttpResponseRedirect(_run_url(decided.run_id))

    def payload_view(self, request: HttpRequest, approval_id: int) -> HttpResponse:
        """Give all of what there is to look at."""
        text = strict_json.pretty(self._approval(request, approval_id).payload)
        return HttpResponse(text, content_type="application/json; charset=utf-8")

    def _approval(self, request: HttpRequest, approval_id: Any) -> Any:
        """Return an approval for its page; one that they may not see answers like a missing one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.get_queryset(request).select_related(*self.list_select_related, "run__created_by")
        whole = rows.prefetch_related("users", "groups").annotate(payload_text=cut_text("payload"))
        approval = whole.filter(pk=approval_id).first() if str(approval_id).isdecimal() else None
        if approval is None:
            raise Http404
        return approval


def _state(approval: models.Approval) -> str:
    """Return a key of `_BADGES`. An expiry may be due that nothing has written down yet."""
    if approval.decision:
        return approval.decision
    if approval.run.is_final:
        return "ended"
    is_late = approval.expires_at is not None and approval.expires_at <= timezone.now()
    return "expired" if is_late else "open"


def _badge(approval: models.Approval) -> SafeString:
    status, label = _BADGES[_state(approval)]
    return render_to_string("_components/status_badge.html", {"status": status, "label": label})


def _decided_by(approval: models.Approval) -> str:
    """Return who decided by the name they had then, which stays when their user is deleted; nobody did in an expiry."""
    if approval.decision in ("", models.Approval.Decision.EXPIRED):
        return ""
    return approval.decided_by_name or "system"


def _approvers(approval: models.Approval) -> str:
    if not approval.is_restricted:
        return "everyone who may decide approvals"
    users = [user.get_username() for user in approval.users.all()]
    groups = [f"the group {group.name}" for group in approval.groups.all()]
    return ", ".join([*users, *groups]) or "nobody any more"


def _run_url(run_id: uuid.UUID) -> str:
    return reverse("admin:integrations_run_change", args=[run_id])
