"""Run logs: what functions logged while a run executed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from integrations.models.run import Run
from integrations.models.step import Step
from integrations.models.visibility import ScopedQuerySet


class RunLogQuerySet(ScopedQuerySet["RunLog"]):
    INTEGRATION = "run__integration"
    MEMBERS = "run__integration__members"


class RunLog(models.Model):
    """One line; `order_by("id")` is the order in which the lines were logged."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="logs")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, null=True, blank=True, related_name="logs")
    at = models.DateTimeField(default=timezone.now)
    level = models.CharField(max_length=16)
    #: Redacted.
    text = models.TextField()

    objects = RunLogQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.level}: {self.text[:80]}"
