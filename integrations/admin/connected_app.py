"""Connected apps in the admin, with a row for each environment that says what they are bound to."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest

from integrations import models
from integrations.admin.base.filters import BY_INTEGRATION
from integrations.admin.base.per_environment import EnvironmentInline, PerEnvironmentAdmin
from integrations.admin.forms.bindings import BindingForm, ConnectedAppForm, variable_field, variable_name
from integrations.operations import connected_apps


class BindingInline(EnvironmentInline):
    model = models.AppBinding
    form: Any = BindingForm
    verbose_name = "binding"
    verbose_name_plural = "bindings"

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Make the form know the app: its environments, auths and variables."""
        app = models.App.objects.with_definition().get(pk=obj.app_id)
        definition = app.to_definition()
        variables = {variable_name(each.key): variable_field(each) for each in definition.variables}
        self.form = type("BindingForm", (BindingForm,), {**variables, "app": definition})
        formset = super().get_formset(request, obj, **kwargs)
        if "app_environment" in formset.form.base_fields:
            formset.form.base_fields["app_environment"].queryset = app.environments.order_by("slug")
        return formset

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        keys = obj.app.variables.order_by("position").values_list("key", flat=True)
        return (("environment", "app_environment"), *map(variable_name, keys), "auth_tag", "auth_data")


@admin.register(models.ConnectedApp)
class ConnectedAppAdmin(PerEnvironmentAdmin):
    operations = connected_apps.store
    form = ConnectedAppForm
    inlines = (BindingInline,)
    list_display = ("access_tag", "app", "integration", "bound", "updated")
    list_filter = (BY_INTEGRATION,)
    list_select_related = ("integration", "app")
    search_fields = ("access_tag", "app__app_name", "app__tag")
    ordering = ("integration__name", "access_tag")
    autocomplete_fields = ("integration", "app")
    fieldsets = ((None, {"fields": ("integration", "app", "access_tag")}),)
    empty_hint = "A connected app is an app of the catalogue that an integration uses, bound in each environment."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(binding_total=Count("bindings", distinct=True))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the app: bindings name its environments, auths and variables."""
        fixed = ("app",) if obj is not None else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    @admin.display(description="Bound in", ordering="binding_total")
    def bound(self, row: Any) -> str:
        return f"{row.binding_total} environment{'' if row.binding_total == 1 else 's'}"
