"""Jobs: a target with an environment, input and, if wanted, a schedule."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from integrations.definitions.job import Job as JobDefinition
from integrations.definitions.job import Schedule
from integrations.definitions.schedules import Timetable
from integrations.models.base import DefinitionModel
from integrations.models.fields import ExactJSONField, TagField
from integrations.models.visibility import ScopedQuerySet
from integrations.types import JsonObject


class JobQuerySet(ScopedQuerySet["Job"]):
    def with_definition(self) -> JobQuerySet:
        return self.select_related("environment")

    def due(self, now: dt.datetime) -> JobQuerySet:
        """Return the jobs that are to fire, those that have waited longest in front."""
        return self.filter(next_at__lte=now).order_by("next_at", "-priority")

    def hold(self) -> int:
        """Put these jobs on hold, and keep when they were to fire; return how many that changes."""
        return self.filter(next_at__isnull=False).update(held_from=F("next_at"), next_at=None)

    def resume(self) -> int:
        """Let these jobs fire again from where they were put on hold."""
        return self.filter(held_from__isnull=False).update(next_at=F("held_from"), held_from=None)


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

    #: When its schedule fires next, which is the queue of the schedulers; None while it does not fire.
    next_at = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)
    #: While it is paused or its environment is frozen: the first time that is held up.
    held_from = models.DateTimeField(null=True, blank=True, editable=False)
    #: How many times its schedule has started it since that was last changed, which its limit counts.
    fired = models.PositiveIntegerField(default=0, editable=False)
    #: Since when its schedule is as it is.
    scheduled_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        permissions = [("run_job", "Can run jobs"), ("pause_job", "Can pause and resume jobs")]
        constraints = [
            models.UniqueConstraint(fields=["integration", "tag"], name="job_tag_unique"),
            models.CheckConstraint(
                condition=Q(next_at__isnull=True) | Q(held_from__isnull=True), name="job_fires_or_is_held"
            ),
        ]

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

    def timetable(self) -> Timetable | None:
        """Return when the job fires, None without a schedule."""
        if self.schedule is None:
            return None
        return Timetable(schedule=Schedule.parse(self.schedule), anchor=self.created_at.replace(microsecond=0))

    def next_after(self, time: dt.datetime, *, fired: int) -> dt.datetime | None:
        """Return the first time later than `time`, None when the schedule or its limit has come to an end."""
        timetable = self.timetable()
        if timetable is None or (timetable.schedule.limit is not None and fired >= timetable.schedule.limit):
            return None
        return timetable.next(after=time)

    def describe(self) -> JsonObject:
        env: JsonObject = {} if self.environment is None else {"env": self.environment.slug}
        return {**super().describe(), **env}
