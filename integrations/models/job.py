"""Jobs: a target with an environment, input and, if wanted, a schedule."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from integrations.definitions.job import Job as JobDefinition
from integrations.models.base import DefinitionModel
from integrations.models.fields import ExactJSONField, TagField
from integrations.models.visibility import ScopedQuerySet
from integrations.types import JsonObject


class JobQuerySet(ScopedQuerySet["Job"]):
    def with_definition(self) -> JobQuerySet:
        return self.select_related("environment")


class Job(DefinitionModel[JobDefinition]):
    DEFINITION = JobDefinition
    COLUMNS = (
        "tag",
        "name",
        "description",
        "target",
        "input",
        "schedule",
        "retries",
        "retry",
        "overlap",
        "missed",
        "paused",
        "priority",
        "timeout",
    )

    class Overlap(models.TextChoices):
        SKIP = "skip", "Skip the new run"
        QUEUE = "queue", "Queue the new run"
        ALLOW = "allow", "Run both"

    class Missed(models.TextChoices):
        SKIP = "skip", "Skip"
        RUN_ONCE = "run_once", "Run once"
        RUN_ALL = "run_all", "Run all"

    integration = models.ForeignKey("integrations.Integration", on_delete=models.CASCADE, related_name="jobs")
    tag = TagField()
    name = models.CharField(max_length=200, blank=True, default="")
    description = models.TextField(blank=True, default="")
    #: `{type, event, app, database}`; None is the feature of the same tag.
    target = ExactJSONField(null=True, blank=True)
    #: RESTRICT: it goes with its whole integration, but not alone.
    environment = models.ForeignKey(
        "integrations.Environment", on_delete=models.RESTRICT, null=True, blank=True, related_name="jobs"
    )
    input = ExactJSONField(default=dict, blank=True)
    schedule = ExactJSONField(null=True, blank=True)
    retries = models.PositiveSmallIntegerField(default=0)
    retry = ExactJSONField(null=True, blank=True)
    overlap = models.CharField(max_length=8, choices=Overlap, default=Overlap.SKIP)
    missed = models.CharField(max_length=8, choices=Missed, default=Missed.SKIP)
    paused = models.BooleanField(default=False)
    priority = models.SmallIntegerField(default=0)
    #: Seconds.
    timeout = models.FloatField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "tag"], name="job_tag_unique")]

    def __str__(self) -> str:
        return self.tag

    # Mutators

    def clean(self) -> None:
        if self.environment is not None and self.environment.integration_id != self.integration_id:
            raise ValidationError({"environment": "This environment belongs to another integration."})

    def apply(self, definition: JobDefinition) -> None:
        """Set the columns, `environment` by its slug (one query; the integration must have it)."""
        super().apply(definition)
        environments = self.integration.environments
        self.environment = environments.get(slug=definition.env) if definition.env is not None else None

    # Queries

    def describe(self) -> JsonObject:
        env: JsonObject = {} if self.environment is None else {"env": self.environment.slug}
        return {**super().describe(), **env}
