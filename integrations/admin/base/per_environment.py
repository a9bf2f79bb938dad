"""Inlines with one row for each environment of the integration."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from integrations import models
from integrations.admin.base.console import DefinitionAdmin, PartInline


class EnvironmentInline(PartInline):
    """Offers a row for every environment that has none yet. A row may be edited by whoever may edit what it is of."""

    part = "envs"
    verbose_name = "environment"
    verbose_name_plural = "environments"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("environment").order_by("environment__slug")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return len(missing_environments(self.model, obj))

    def get_max_num(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int | None:
        return None if obj is None else obj.integration.environments.count()

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        if "environment" in formset.form.base_fields:
            formset.form.base_fields["environment"].queryset = _environments_of(obj)
        return formset

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may("view", request) or self._may("change", request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may("change", request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may("change", request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may("change", request)

    def _may(self, verb: str, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(f"integrations.{verb}_{self.parent_model._meta.model_name}"))


class PerEnvironmentAdmin(DefinitionAdmin):
    """Edits something with a row for each environment: first what it is, then the rows, once it has an integration."""

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_inline_instances(request, obj) if obj is not None and obj.pk is not None else []

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> Any:
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        kwargs["initial"] = [{"environment": each.pk} for each in missing_environments(inline.model, obj)]
        return kwargs

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> Any:
        """Go on to the rows."""
        if "_addanother" not in request.POST and "_popup" not in request.POST:
            posted = request.POST.copy()
            posted["_continue"] = "1"
            request.POST = posted  # type: ignore[assignment]  # Django's own user admin does the same
        return super().response_add(request, obj, post_url_continue)


def missing_environments(model: Any, obj: Any) -> list[models.Environment]:
    """Return the environments that `obj` has no row of `model` for, by slug."""
    if obj is None or obj.pk is None:
        return []
    subject = next(field.name for field in model._meta.fields if field.related_model is type(obj))
    taken = model.objects.filter(**{subject: obj}).values("environment")
    return list(_environments_of(obj).exclude(pk__in=taken))


def _environments_of(obj: Any) -> Any:
    if obj is None or obj.pk is None:
        return models.Environment.objects.none()
    return models.Environment.objects.for_integration(obj.integration).order_by("slug")
