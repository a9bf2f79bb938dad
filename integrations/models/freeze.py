"""Freezes: times in which no schedule fires and no retry of a job begins in an environment."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.visibility import ScopedQuerySet


class FreezeQuerySet(ScopedQuerySet["Freeze"]):
    INTEGRATION = "environment__integration"
    MEMBERS = "environment__integration__members"

    def in_force(self) -> FreezeQuerySet:
        return self.filter(unfrozen_at__isnull=True)

    def at(self, time: dt.datetime) -> FreezeQuerySet:
        """Return those that were in force at `time`, which has passed."""
        return self.filter(Q(unfrozen_at__isnull=True) | Q(unfrozen_at__gte=time), started_at__lte=time)


class Freeze(models.Model):
    environment = models.ForeignKey("integrations.Environment", on_delete=models.CASCADE, related_name="freezes")
    reason = models.TextField(blank=True, default="")
    started_at = models.DateTimeField(default=timezone.now)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    unfrozen_at = models.DateTimeField(null=True, blank=True)
    unfrozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = FreezeQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        permissions = [("freeze_environment", "Can freeze and unfreeze environments")]
        constraints = [
            models.UniqueConstraint(
                fields=["environment"], condition=Q(unfrozen_at__isnull=True), name="freeze_in_force_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.environment} since {self.started_at:%Y-%m-%d %H:%M}"
