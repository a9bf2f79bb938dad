"""Housekeeping in the admin: what is deleted when, what would go now, and what waits for dispatch to go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from integrations import conf, models
from integrations.admin.base.console import ConsoleAdmin, actor
from integrations.admin.runs.bulk import BulkPage
from integrations.errors import IntegrationsError, PermissionRefused
from integrations.operations import bulk, dispatch, queued_slots, retention

#: How long a page is kept waiting for what it prunes; workers do the rest.
_PATIENCE_SECONDS = 3.0
_SEE_PRUNINGS = "integrations.view_pruning"
_SEE_RUNS = "integrations.view_run"


class RetentionRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no argument when it runs
    class Meta:
        model = models.RetentionRule
        fields = ("integration", "feature", "status", "keep_days")
        labels = {"keep_days": "Keep for (days)"}
        help_texts = {
            "integration": "Leave empty for everything.",
            "feature": "Leave empty for every feature.",
            "status": "Leave empty for every status that no other rule names.",
            "keep_days": "Counted from the end of the run. Leave empty to keep runs for ever.",
        }

    def clean(self) -> dict[str, Any]:
        """Take the integration from the feature, if only that is given."""
        values = super().clean() or {}
        feature = values.get("feature")
        if feature is not None and values.get("integration") is None and "integration" not in self.errors:
            values["integration"] = feature.integration
        return values


@admin.register(models.RetentionRule)
class RetentionRuleAdmin(ConsoleAdmin):
    """Shows all of housekeeping on one page, of which the rules are a part; a rule has a form of its own."""

    form = RetentionRuleForm
    warn_unsaved_form = True

    # Pages

    def get_urls(self) -> list[Any]:
        views: dict[str, Callable[..., HttpResponse]] = {
            "prune": self.prune_view,
            "pause": self.pause_view,
            "resume": self.resume_view,
            "skip-waiting": self.skip_waiting_view,
        }
        own = [self._path(name, require_POST(view)) for name, view in views.items()]
        cancel = self._path("cancel-waiting", require_http_methods(["GET", "POST"])(self.cancel_waiting_view))
        return [*own, cancel, *super().get_urls()]

    def _path(self, name: str, view: Callable[..., HttpResponse]) -> Any:
        url_name = f"integrations_retentionrule_{name.replace('-', '_')}"
        return path(f"{name}/", self.admin_site.admin_view(view), name=url_name)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Housekeeping",
            **self._dispatch(request),
            "rules": self._rules(request),
            "defaults": retention.DEFAULT_KEEP_DAYS,
            "preview": retention.preview(by=actor(request)) if request.user.has_perm(_SEE_RUNS) else None,
            "workers_prune": conf.prunes(),
            "slot_keep_days": conf.slot_keep_days(),
            "may": self._may(request),
            **self._pruned(request),
        }
        return TemplateResponse(request, "admin/integrations/retentionrule/page.html", context)

    def prune_view(self, request: HttpRequest) -> HttpResponse:
        return self._do(request, lambda: self._prune(request))

    def pause_view(self, request: HttpRequest) -> HttpResponse:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            messages.error(request, "Say why dispatch is to be paused.")
            return HttpResponseRedirect(_page())
        return self._do(request, lambda: self._pause(request, reason))

    def resume_view(self, request: HttpRequest) -> HttpResponse:
        return self._do(request, lambda: self._resume(request))

    def cancel_waiting_view(self, request: HttpRequest) -> HttpResponse:
        """Cancel all runs that would start or go on with dispatch, after a look and a reason."""
        if not request.user.has_perm("integrations.cancel_run"):
            raise PermissionDenied
        if not dispatch.state().dispatch_paused:
            messages.error(request, "Dispatch is on: what waited goes on already.")
            return HttpResponseRedirect(_page())
        page = BulkPage(
            kind=bulk.Kind.CANCEL,
            runs=dispatch.pending_runs(by=actor(request)),
            description="all that waited for dispatch to be resumed",
            back_url=_page(),
        )
        return page.respond(request, self.admin_site)

    def skip_waiting_view(self, request: HttpRequest) -> HttpResponse:
        return self._do(request, lambda: self._skip_waiting(request, request.POST.get("reason", "")))

    # What they do

    def _do(self, request: HttpRequest, work: Callable[[], str]) -> HttpResponse:
        """Do something, say what was done or why it was not, and show the page again."""
        try:
            messages.success(request, work())
        except PermissionRefused as error:
            raise PermissionDenied(error.message) from error
        return HttpResponseRedirect(_page())

    def _prune(self, request: HttpRequest) -> str:
        origin = models.Pruning.Origin.ADMIN
        pruned = retention.prune(by=actor(request), origin=origin, most_seconds=_PATIENCE_SECONDS)
        rest = "" if pruned.is_complete else " There is more to go; workers go on with it, or press again."
        freed = filesizeformat(pruned.given_back_bytes)
        rows = f"{pruned.runs} runs, {pruned.slots} times of schedules and {pruned.cache_entries} cache entries"
        return f"Deleted {rows}, gave {freed} back.{rest}"

    def _pause(self, request: HttpRequest, reason: str) -> str:
        dispatch.pause(reason=reason, by=actor(request))
        return "Paused dispatch: runs that are being executed go on to their end, and no other starts."

    def _resume(self, request: HttpRequest) -> str:
        dispatch.resume(by=actor(request))
        return "Dispatch goes on."

    def _skip_waiting(self, request: HttpRequest, reason: str) -> str:
        skipped = queued_slots.skip_all(by=actor(request), reason=reason)
        return f"Skipped {skipped} times of schedules; the jobs' ledgers tell of them."

    # Rules

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Say why the operation refused to save a rule."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except IntegrationsError as error:
            if request.method != "POST":
                raise
            messages.error(request, error.message)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: models.RetentionRule, form: Any, change: bool) -> None:
        retention.save_rule(obj, by=actor(request))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except IntegrationsError as error:
            if request.method != "POST":
                raise
            messages.error(request, error.message)
            return HttpResponseRedirect(_page())

    def delete_model(self, request: HttpRequest, obj: models.RetentionRule) -> None:
        retention.delete_rule(obj, by=actor(request))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def _rules(self, request: HttpRequest) -> list[models.RetentionRule]:
        """Return the rules that the user may see, the widest first."""
        visible = self.get_queryset(request).select_related("integration", "feature")
        return sorted(visible, key=_width)

    def _dispatch(self, request: HttpRequest) -> dict[str, Any]:
        state = dispatch.state()
        tells = state.dispatch_paused and request.user.has_perm(_SEE_RUNS)
        return {"state": state, "awaiting": dispatch.pending_work(by=actor(request)) if tells else None}

    def _pruned(self, request: HttpRequest) -> dict[str, Any]:
        if not request.user.has_perm(_SEE_PRUNINGS):
            return {"prunings": None, "disk": None}
        by = actor(request)
        return {"prunings": retention.prunings(by=by), "disk": retention.disk(by=by)}

    def _may(self, request: HttpRequest) -> dict[str, bool]:
        user = request.user
        return {
            "add": self.has_add_permission(request),
            "prune": user.has_perm("integrations.prune_run"),
            "manage_dispatch": user.has_perm("integrations.manage_dispatch"),
            "cancel": user.has_perm("integrations.cancel_run"),
            "skip": user.has_perm("integrations.pause_job"),
        }


def _page() -> str:
    return reverse("admin:integrations_retentionrule_changelist")


def _width(rule: models.RetentionRule) -> tuple[str, str, str]:
    integration = rule.integration.tag if rule.integration else ""
    return (integration, rule.feature.tag if rule.feature else "", rule.status)
