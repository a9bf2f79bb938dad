"""Circuits: whether an app environment is being called from an environment at all, after it failed too often."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models.fields import ExactJSONField
from integrations.models.locking import LockingQuerySet


class Circuit(models.Model):
    """One environment of an integration and one environment of an app, so that `dev` never opens `prd`'s.

    The columns are those of `integrations.engine.circuits.Circuit`, which decides what follows what.
    """

    class State(models.TextChoices):
        CLOSED = "closed", "Closed"
        OPEN = "open", "Open"
        PROBING = "probing", "Probing"

    environment = models.ForeignKey("integrations.Environment", on_delete=models.CASCADE, related_name="circuits")
    app_environment = models.ForeignKey(
        "integrations.AppEnvironment", on_delete=models.CASCADE, related_name="circuits"
    )
    state = models.CharField(max_length=8, choices=State, default=State.CLOSED)
    #: Open: when the next call may probe. Probing: when the probe counts as lost.
    until = models.DateTimeField(null=True, blank=True)
    #: How often it has opened since it last worked; each time it stays open for longer.
    openings = models.PositiveIntegerField(default=0)
    #: Recent calls: `[[start in epoch seconds, calls, failures]]`, a few seconds each.
    slices = ExactJSONField(default=list, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = LockingQuerySet["Circuit"].as_manager()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["environment", "app_environment"], name="circuit_unique"),
            models.CheckConstraint(
                condition=Q(state="closed", until__isnull=True) | (~Q(state="closed") & Q(until__isnull=False)),
                name="circuit_until_unless_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.environment_id}/{self.app_environment_id}"
