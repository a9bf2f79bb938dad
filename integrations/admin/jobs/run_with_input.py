"""The page that runs a job with another input than its own, or in another environment."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path

from integrations import models
from integrations.admin.base.console import actor
from integrations.admin.jobs import target_input, targets
from integrations.admin.starting.form import RunForm
from integrations.admin.starting.page import StartPage, StartPages
from integrations.definitions import wrapping
from integrations.definitions.field import Field
from integrations.definitions.job import JobTarget
from integrations.errors import InvalidInput, Problem
from integrations.operations import jobs
from integrations.types import Json, JsonObject


class JobRunMixin(StartPages):
    """Adds the page to the admin of jobs, in front of its own pages."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.run_with_view)  # type: ignore[attr-defined]
        run_page = path("<path:object_id>/run-with/", view, name="integrations_job_run_with")
        return [run_page, *super().get_urls()]  # type: ignore[misc]

    def run_with_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        job = self._startable(request, object_id, "integrations.run_job")
        page, template = JobRunPage(request, job), "admin/integrations/job/run.html"
        return self._served(request, job, page, template=template, title=f"Run {job.tag} with other input")


class JobRunPage(StartPage):
    """One request for it."""

    CHANGED = "What this job runs was changed after you opened this page: look at the input again, then press Run"

    def __init__(self, request: HttpRequest, job: models.Job) -> None:
        self.job = job
        described = job.to_definition()
        self.target: JobTarget = described.own_target
        self.own_input: JsonObject = described.input
        self.version = self._latest_version()
        self.takes = self._takes()
        environments = sorted(
            job.integration.environments.all(), key=lambda each: (each.pk != job.environment_id, each.pk)
        )
        number = self.version.number if self.version else 0
        shown = f"{number} {targets.as_text(self.target.to_compact_dict())}"
        super().__init__(request, fields=self._fields(), environments=environments, shown=shown)

    def context(self) -> dict[str, Any]:
        sample = self.takes.sample if self.takes else {}
        return {
            **super().context(),
            "job": self.job,
            "takes": self.takes,
            "what": targets.in_words(self.target),
            "obstacles": self._obstacles(),
            "has_samples": bool(sample),
        }

    def opened(self) -> RunForm:
        """Return the form with the job's own input, or with a sample."""
        asks_for_sample = "samples" in self.request.GET and self.takes is not None
        values = self.takes.sample if asks_for_sample and self.takes else self.own_input
        return self.filled(values, environment=self.job.environment.slug if self.job.environment else "")

    def start(self, *, environment: models.Environment, input: Json) -> models.Run:
        if not isinstance(input, dict):
            raise InvalidInput([Problem("input", "should be an object")])
        trigger = models.Run.Trigger.ADMIN
        return jobs.request(job=self.job, by=actor(self.request), trigger=trigger, input=input, env=environment.slug)

    def _latest_version(self) -> models.FeatureVersion | None:
        """Return what runs where the target is a feature."""
        if self.target.type != "feature":
            return None
        rows = models.FeatureVersion.objects.latest_in(self.job.integration)
        return rows.filter(feature__tag=self.target.event).first()

    def _takes(self) -> target_input.Takes | None:
        if self.version is not None:  # the draft may take something else
            return target_input.of_fields(targets.in_words(self.target), self.version.to_definition().input)
        return target_input.takes(self.job.integration, self.target, passed=[self.job.tag])

    def _fields(self) -> tuple[Field, ...]:
        """Return the fields of the target's input; one in sections, or of another job, is shown as JSON."""
        return tuple(self.takes.fields) if self.takes else ()

    def _obstacles(self) -> list[str]:
        """Return why nothing can run, as far as no other input and no other environment would help."""
        if self.takes is None:
            return [f"There is no {targets.in_words(self.target)} any more: choose another target on the job's page."]
        if self.target.type == "feature" and self.version is None:
            return ["No version of it is published yet: open the feature and press “Save and publish”."]
        return [problem.message for problem in wrapping.not_yet(self.target)]
