"""The system's state: one row with what applies to the whole installation at the moment."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models
from django.db.models import Q

#: The primary key of the only row. It need not be there: a missing one says what the defaults say.
ONLY = 1


class SystemStateQuerySet(models.QuerySet["SystemState"]):
    def current(self) -> SystemState:
        """Return the row, or one with the defaults that is not stored."""
        return self.filter(pk=ONLY).first() or SystemState()

    def set(self, **columns: Any) -> None:
        """Store these columns of the row; create it if it is missing."""
        self.update_or_create(pk=ONLY, defaults=columns)

    def claim_pruning(self, *, now: dt.datetime, next_at: dt.datetime) -> bool:
        """Return whether a slice of pruning is due and not claimed yet; the next one is due at `next_at`."""
        self.get_or_create(pk=ONLY)
        due = self.filter(Q(prune_due_at=None) | Q(prune_due_at__lte=now), pk=ONLY)
        return due.update(prune_due_at=next_at) == 1


class SystemState(models.Model):
    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    #: Runs are accepted and stay queued; no worker claims one and no schedule fires.
    dispatch_paused = models.BooleanField(default=False)
    #: Why, in a sentence for the person who confirms; "" while it is not paused.
    paused_reason = models.TextField(blank=True, default="")
    paused_at = models.DateTimeField(null=True, blank=True)
    #: The database was restored, and it is not confirmed yet that work may continue from there.
    awaits_confirmation = models.BooleanField(default=False)
    #: Schedules fire no slot from before this: after a restore it is not known which of those had been fired.
    slots_from = models.DateTimeField(null=True, blank=True)
    #: When a worker is to prune next; None is now.
    prune_due_at = models.DateTimeField(null=True, blank=True)

    objects = SystemStateQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        permissions = [("manage_dispatch", "Can pause and resume dispatch")]
        constraints = [
            models.CheckConstraint(condition=Q(pk=ONLY), name="system_state_has_one_row"),
            models.CheckConstraint(
                condition=Q(dispatch_paused=False, paused_at=None) | Q(dispatch_paused=True, paused_at__isnull=False),
                name="system_state_paused_at_while_paused",
            ),
        ]

    def __str__(self) -> str:
        return "dispatch is paused" if self.dispatch_paused else "dispatch is on"
