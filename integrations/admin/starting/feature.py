"""The page that runs a feature: a form made from what its published version takes, and one operation."""

from __future__ import annotations

from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import path

from integrations import models
from integrations.admin.starting.form import RunForm, samples
from integrations.admin.starting.page import StartPage, StartPages
from integrations.definitions.feature import Feature
from integrations.operations import runs
from integrations.types import Json


class FeatureRunMixin(StartPages):
    """Adds the Run page to the admin of features, in front of its own pages."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.run_view)  # type: ignore[attr-defined]
        run_page = path("<path:object_id>/run/", view, name="integrations_feature_run")
        return [run_page, *super().get_urls()]  # type: ignore[misc]

    def run_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        feature = self._startable(request, object_id, "integrations.start_run")
        version = feature.latest_version()
        page = None if version is None else FeatureRunPage(request, feature, version)
        template = "admin/integrations/feature_run/page.html"
        return self._served(request, feature, page, template=template, title=f"Run {feature.tag}")


class FeatureRunPage(StartPage):
    """One request for the page of one published version."""

    CHANGED = "Version {} was published after you opened this page: look at the input again, then press Run"

    def __init__(self, request: HttpRequest, feature: models.Feature, version: models.FeatureVersion) -> None:
        self.feature, self.version = feature, version
        self.definition: Feature = version.to_definition()
        environments = list(feature.integration.environments.order_by("pk"))
        super().__init__(request, fields=self.definition.input, environments=environments, shown=str(version.number))

    def context(self) -> dict[str, Any]:
        return {
            **super().context(),
            "version": self.version,
            "is_draft_ahead": self.feature.to_definition() != self.definition,
            "has_samples": bool(samples(self.fields)),
            "json_note": "" if self.fields else "This feature declares no input, so it takes any JSON object.",
        }

    def opened(self) -> RunForm:
        """Return the form empty, with the samples, or with an earlier run's input."""
        asked = self.request.GET
        earlier = self._earlier_run(asked.get("from", ""))
        if earlier is not None:
            return self.filled(earlier.input, environment=earlier.environment.slug)
        return self.filled(samples(self.fields) if "samples" in asked else {})

    def start(self, *, environment: models.Environment, input: Json) -> models.Run:
        by = cast("Any", self.request.user)
        trigger = models.Run.Trigger.ADMIN
        return runs.request(feature=self.feature, environment=environment, input=input, by=by, trigger=trigger)

    def _earlier_run(self, run_id: str) -> models.Run | None:
        visible = models.Run.objects.visible_to(cast("Any", self.request.user)).select_related("environment")
        try:
            return visible.filter(feature=self.feature, pk=run_id).first() if run_id else None
        except ValidationError:  # not an id
            return None
