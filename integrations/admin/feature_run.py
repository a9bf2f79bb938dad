"""The page that runs a feature: a form made from what its published version takes, and one operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from integrations import models
from integrations.admin.run_form import RunForm, can_show, samples
from integrations.definitions.feature import Feature
from integrations.errors import DefinitionError, OperationRefused, PermissionRefused
from integrations.operations import runs
from integrations.types import Json

#: The name of the buttons that show the same input in the other shape; their value is the shape.
SWITCH = "_show_as"
_JSON = "json"
_REPUBLISHED = "Version {} was published after you opened this page: look at the input again, then press Run"


class FeatureRunMixin:
    """Adds the Run page to the admin of features, in front of its own pages."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.run_view)  # type: ignore[attr-defined]
        run_page = path("<path:object_id>/run/", view, name="integrations_feature_run")
        return [run_page, *super().get_urls()]  # type: ignore[misc]

    def run_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not request.user.has_perm("integrations.start_run"):
            raise PermissionDenied
        feature = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if not self.has_view_permission(request, feature):  # type: ignore[attr-defined]
            raise PermissionDenied
        version = feature.latest_version()
        page = None if version is None else RunPage(request, feature, version)
        if page is not None and request.method == "POST" and (run := page.posted()):
            return HttpResponseRedirect(reverse("admin:integrations_run_change", args=[run.pk]))
        own = page.context() if page else {"edit_url": reverse("admin:integrations_feature_change", args=[feature.pk])}
        title = {"title": f"Run {feature.tag}", "opts": feature._meta, "original": feature, "feature": feature}
        context = {**self.admin_site.each_context(request), **title, **own}  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/integrations/feature_run/page.html", context)


class RunPage:
    """One request for the page of one published version."""

    def __init__(self, request: HttpRequest, feature: models.Feature, version: models.FeatureVersion) -> None:
        self.request, self.feature, self.version = request, feature, version
        self.definition: Feature = version.to_definition()
        self.environments = list(feature.integration.environments.order_by("pk"))
        self.form = self._typed() if request.method == "POST" else self._opened()

    def posted(self) -> models.Run | None:
        """Return the run that was asked for; None shows the page again, with what was typed and what is wrong."""
        if SWITCH in self.request.POST:
            self._switch()
            return None
        if not self.form.is_valid() or self._is_republished():
            return None
        try:
            return runs.request(
                feature=self.feature,
                environment=self._environment(),
                input=self.form.input,
                by=cast("Any", self.request.user),
                trigger=models.Run.Trigger.ADMIN,
            )
        except PermissionRefused as error:
            raise PermissionDenied from error
        except DefinitionError as error:
            self.form.show(error.problems)
        except OperationRefused as error:
            self.form.add_error(None, ValidationError(error.message))
        return None

    def context(self) -> dict[str, Any]:
        return {
            "form": self.form,
            "version": self.version,
            "is_draft_ahead": self.feature.to_definition() != self.definition,
            "can_switch": bool(self.definition.input),
            "switch": SWITCH,
            "has_samples": bool(samples(self.definition)),
            "has_active": any(each.active for each in self.environments),
            "media": self.form.media,
        }

    def _typed(self) -> RunForm:
        return self._form(self.request.POST, as_json=self.request.POST.get("shape") == _JSON)

    def _opened(self) -> RunForm:
        """Return the form as the address asks for it: empty, with the samples, or with an earlier run's input."""
        asked = self.request.GET
        earlier = self._earlier_run(asked.get("from", ""))
        if earlier is not None:
            return self._filled(earlier.input, environment=earlier.environment.slug)
        return self._filled(samples(self.definition) if "samples" in asked else {})

    def _earlier_run(self, run_id: str) -> models.Run | None:
        visible = models.Run.objects.visible_to(cast("Any", self.request.user)).select_related("environment")
        try:
            return visible.filter(feature=self.feature, pk=run_id).first() if run_id else None
        except ValidationError:  # not an id
            return None

    def _switch(self) -> None:
        """Show what was typed in the other shape, if that can show it."""
        self.form.is_valid()  # reads it
        chosen = self.request.POST.get("environment", "")
        if not self.form.as_json:
            self.form = self._filled(self.form.typed, environment=chosen, as_json=True)
        elif not self.form.has_error("json") and can_show(self.definition, self.form.input):
            self.form = self._filled(self.form.input, environment=chosen)
        else:
            messages.warning(self.request, "The fields cannot show this input, so it stays JSON.")

    def _filled(self, values: Json, *, environment: str = "", as_json: bool = False) -> RunForm:
        """Return a form that holds `values`: as JSON where the fields cannot show them."""
        as_json = as_json or not can_show(self.definition, values)
        return self._form(as_json=as_json, values=values, environment=environment)

    def _form(self, data: Mapping[str, Any] | None = None, **shown: Any) -> RunForm:
        return RunForm(data, feature=self.definition, environments=self.environments, **shown)

    def _is_republished(self) -> bool:
        """The form shows one version, and the operation runs the latest."""
        if self.request.POST.get("version") == str(self.version.number):
            return False
        self.form.add_error(None, ValidationError(_REPUBLISHED.format(self.version.number)))
        return True

    def _environment(self) -> models.Environment:
        slug = self.form.cleaned_data["environment"]
        return next(each for each in self.environments if each.slug == slug)
