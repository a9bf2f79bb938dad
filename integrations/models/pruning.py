"""Prunings: what was deleted for its age, one row a day and origin."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F
from django.db.models.functions import Greatest


class PruningQuerySet(models.QuerySet["Pruning"]):
    def add(
        self,
        *,
        day: dt.date,
        origin: str,
        ended_at: dt.datetime,
        longest_ms: int,
        **counts: int,
    ) -> None:
        """Add to the day's row of this origin; create it if it is missing."""
        row, is_new = self.get_or_create(
            day=day, origin=origin, defaults={"ended_at": ended_at, "longest_ms": longest_ms, **counts}
        )
        if not is_new:
            sums = {name: F(name) + count for name, count in counts.items()}
            longest = Greatest("longest_ms", models.Value(longest_ms))
            self.filter(pk=row.pk).update(ended_at=ended_at, longest_ms=longest, **sums)


class Pruning(models.Model):
    class Origin(models.TextChoices):
        WORKER = "worker", "Worker"
        COMMAND = "command", "Command line"
        ADMIN = "admin", "Admin"

    day = models.DateField()
    origin = models.CharField(max_length=16, choices=Origin)
    #: When the latest of them ended.
    ended_at = models.DateTimeField()
    runs = models.PositiveBigIntegerField(default=0)
    slots = models.PositiveBigIntegerField(default=0)
    releases = models.PositiveBigIntegerField(default=0)
    cache_entries = models.PositiveBigIntegerField(default=0)
    start_keys = models.PositiveBigIntegerField(default=0)
    failure_groups = models.PositiveBigIntegerField(default=0)
    bulk_operations = models.PositiveBigIntegerField(default=0)
    workers = models.PositiveBigIntegerField(default=0)
    #: Of people who were signed in.
    sessions = models.PositiveBigIntegerField(default=0)
    #: Bytes that the database file became smaller by.
    given_back_bytes = models.PositiveBigIntegerField(default=0)
    #: The longest transaction, which is how long a writer may have waited.
    longest_ms = models.PositiveIntegerField(default=0)

    objects = PruningQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        permissions = [("prune_run", "Can delete runs that are past their retention")]
        constraints = [models.UniqueConstraint(fields=["day", "origin"], name="pruning_day_and_origin_unique")]

    def __str__(self) -> str:
        return f"{self.day} {self.origin}"

    # Properties

    @property
    def others(self) -> int:
        """How many rows of the less interesting kinds were deleted."""
        return (
            self.releases + self.start_keys + self.failure_groups + self.bulk_operations + self.workers + self.sessions
        )
