"""Integrations in the admin, with what is in them and who may see them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse

from integrations import models
from integrations.admin.base.console import DefinitionAdmin, actor
from integrations.admin.forms.nouns import IntegrationForm
from integrations.operations import integrations

#: What an integration holds, in the order of the sidebar.
CONTENTS: tuple[Any, ...] = (
    models.Environment,
    models.ConnectedApp,
    models.Function,
    models.Feature,
    models.Cache,
    models.Notification,
    models.Database,
    models.Job,
    models.Secret,
)


def counted(model: Any) -> Coalesce:
    """Return an expression for how many rows of `model` an integration has; one subquery, no join that multiplies."""
    rows = model.objects.filter(integration=OuterRef("pk")).order_by().values("integration")
    return Coalesce(Subquery(rows.annotate(total=Count("pk")).values("total")), 0)


@admin.register(models.Integration)
class IntegrationAdmin(DefinitionAdmin):
    operations = integrations.store
    form = IntegrationForm
    list_display = ("name", "tag", "environment_count", "feature_count", "updated")
    search_fields = ("name", "tag", "description")
    ordering = ("name",)
    filter_horizontal = ("members",)
    empty_hint = "An integration holds environments, connected apps, functions and features."
    change_form_outer_before_template = "admin/integrations/integration/contents.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        counts = {"environment_total": counted(models.Environment), "feature_total": counted(models.Feature)}
        return super().get_queryset(request).annotate(**counts)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        general = (None, {"fields": ("name", "tag", "description", "unique")})
        return [general, ("Access", {"fields": ("members",)})] if obj else [general]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = actor(request)
        super().save_model(request, obj, form, change)
        if "members" in form.changed_data:
            integrations.set_members(row=obj, members=form.cleaned_data["members"], by=actor(request))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        context |= {"contents": [] if row is None else list(self._contents(request, row))}
        return super().render_change_form(request, context, *args, **kwargs)

    def _contents(self, request: HttpRequest, row: models.Integration) -> Any:
        seen = [model for model in CONTENTS if request.user.has_perm(f"integrations.view_{model._meta.model_name}")]
        totals: Any = models.Integration.objects.filter(pk=row.pk).values(
            **{model._meta.model_name: counted(model) for model in seen}
        )[0]
        for model in seen:
            name = model._meta.model_name
            url = reverse(f"admin:integrations_{name}_changelist")
            label = model._meta.verbose_name if totals[name] == 1 else model._meta.verbose_name_plural
            yield {"label": label, "count": totals[name], "url": f"{url}?integration__id__exact={row.pk}"}

    @admin.display(description="Environments", ordering="environment_total")
    def environment_count(self, row: Any) -> int:
        return int(row.environment_total)

    @admin.display(description="Features", ordering="feature_total")
    def feature_count(self, row: Any) -> int:
        return int(row.feature_total)
