"""Catalogue apps in the admin: one form with a tab for each kind of part, saved as one definition."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest

from integrations import models
from integrations.admin.base.console import DefinitionAdmin, PartInline
from integrations.admin.forms import app as forms
from integrations.operations import apps


class AppPartInline(PartInline):
    template = "admin/integrations/parts.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).order_by("position", "pk")

    # Parts are saved with their app: whoever may change that may change them.

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("integrations.view_app")) or self._may_edit(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request, obj)

    def _may_edit(self, request: HttpRequest, obj: Any) -> bool:
        # Rows of the add form already hang on an app, which has no id yet.
        is_new = obj is None or obj.pk is None
        return bool(request.user.has_perm("integrations.add_app" if is_new else "integrations.change_app"))


class AppEnvironmentInline(AppPartInline):
    part = "envs"
    model = models.AppEnvironment
    form = forms.AppEnvironmentForm
    verbose_name = "environment"
    fields = (("slug", "env_name"), "base_url", ("request_type", "active"), "allowed_hosts", "rate_limit")


class AppActionInline(AppPartInline):
    part = "actions"
    model = models.AppAction
    form = forms.AppActionForm
    verbose_name = "action"
    fields = (
        *(("tag", "name"), "description", ("method", "resource"), ("request_type", "idempotent", "effect")),
        *("params", "query", "headers", "body", "responses", "pagination"),
    )


class AppAuthInline(AppPartInline):
    part = "auths"
    model = models.AppAuth
    form = forms.AppAuthForm
    verbose_name = "auth"
    fields = (
        *(("tag", "name"), "description", "setup_type", "tokens", "action_tag", ("expiry", "period")),
        *(("placement", "key_name"), "token_url", "scopes"),
    )


class AppVariableInline(AppPartInline):
    part = "variables"
    model = models.AppVariable
    form = forms.AppVariableForm
    verbose_name = "variable"
    fields = (("key", "type"), "required", "description", "rules")


class AppConstantInline(AppPartInline):
    part = "constants"
    model = models.AppConstant
    form = forms.AppConstantForm
    verbose_name = "constant"
    fields = ("key", "value", "description")


class AppWebhookInline(AppPartInline):
    part = "webhooks"
    model = models.AppWebhook
    form = forms.AppWebhookForm
    verbose_name = "webhook"
    fields = (("tag", "name"), "description", "method", "sample")


@admin.register(models.App)
class AppAdmin(DefinitionAdmin):
    operations = apps.store
    form = forms.AppForm
    inlines = (
        *(AppEnvironmentInline, AppActionInline, AppAuthInline),
        *(AppVariableInline, AppConstantInline, AppWebhookInline),
    )
    list_display = ("app_name", "tag", "status", "action_count", "updated")
    list_filter = ("status",)
    search_fields = ("app_name", "tag", "description")
    ordering = ("app_name",)
    fieldsets = (
        (None, {"fields": ("app_name", "tag", "description", "status")}),
        ("Retries", {"fields": ("retries",)}),
    )
    empty_hint = "An app is an API that integrations can connect to: its base URLs, actions and ways to authenticate."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(action_total=Count("actions"))

    @admin.display(description="Actions", ordering="action_total")
    def action_count(self, row: Any) -> int:
        return int(row.action_total)
