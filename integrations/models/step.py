"""Steps: one event, iteration and attempt of one run each; the finished ones are its checkpoints."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db import models
from django.db.models import Q

from integrations.models.fields import CappedJSONField
from integrations.models.run import Run
from integrations.models.visibility import ScopedQuerySet

#: `iteration` of a step outside loops. Not NULL, which a unique constraint would take for different each time.
NO_ITERATION = -1
#: What tells the attempts of steps apart, and values of it.
IDENTITY = ("run", "sequence", "event", "role", "iteration", "attempt")
Identity = tuple[Any, ...]


class StepQuerySet(ScopedQuerySet["Step"]):
    INTEGRATION = "run__integration"
    MEMBERS = "run__integration__members"

    def primary_keys(self, identities: Collection[Identity]) -> dict[Identity, int]:
        """Return the primary keys of these steps by their identities, with those of some others."""
        values = dict(zip(IDENTITY, map(set, zip(*identities, strict=True)), strict=False))
        rows = self.filter(**{f"{name}__in": each for name, each in values.items()}).values_list(*IDENTITY, "pk")
        return {tuple(identity): key for *identity, key in rows}

    def in_order(self) -> StepQuerySet:
        return self.order_by("position")


class Step(models.Model):
    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"
        CANCELLED = "cancelled", "Cancelled"

    class Role(models.TextChoices):
        EVENT = "event", "Event"
        FALLBACK = "fallback", "Fallback"
        ROLLBACK = "rollback", "Rollback"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps", db_index=False)
    #: In the order in which the steps of the run began, from 0.
    position = models.PositiveIntegerField()
    sequence = models.CharField(max_length=64)
    event = models.CharField(max_length=130)
    role = models.CharField(max_length=16, choices=Role, default=Role.EVENT)
    #: 0-based; NO_ITERATION outside loops.
    iteration = models.IntegerField(default=NO_ITERATION)
    #: 1 for the first try.
    attempt = models.PositiveIntegerField(default=1)
    #: `action`, `function`, …
    type = models.CharField(max_length=32)
    #: The tag of what was called.
    target = models.CharField(max_length=130)
    #: Access tag, for actions.
    app = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(max_length=16, choices=Status)
    #: Why it was skipped, waited, retried, fell back …
    reason = models.TextField(blank=True, default="")
    input = CappedJSONField(null=True, blank=True)
    output = CappedJSONField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    #: 1-based place in a function's own source.
    error_line = models.PositiveIntegerField(null=True, blank=True)
    error_column = models.PositiveIntegerField(null=True, blank=True)
    retryable = models.BooleanField(default=False)
    idempotency_key = models.CharField(max_length=200, blank=True, default="")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    #: When a waiting step resumes.
    due_at = models.DateTimeField(null=True, blank=True)
    #: The run that executed it, where a replay reuses it. No foreign key: that run may be pruned, and pruning does not
    #: search all steps for it.
    taken_from = models.UUIDField(null=True, blank=True)

    objects = StepQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["run", "sequence", "event", "role", "iteration", "attempt"], name="step_attempt_unique"
            ),
            models.CheckConstraint(condition=Q(iteration__gte=NO_ITERATION), name="step_iteration_from_minus_one"),
            models.CheckConstraint(condition=Q(attempt__gte=1), name="step_attempt_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}/{self.event}"

    # Properties

    @property
    def duration(self) -> dt.timedelta | None:
        return self.finished_at - self.started_at if self.finished_at else None
