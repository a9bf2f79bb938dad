"""Failure groups: failures of the same kind, counted together, and what people make of them."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q

from integrations.models.visibility import ScopedQuerySet


class FailureGroupQuerySet(ScopedQuerySet["FailureGroup"]):
    def in_state(self, state: str, now: dt.datetime) -> FailureGroupQuerySet:
        """Return the groups that are `open`, `snoozed` or `resolved` now."""
        if state == FailureGroup.State.RESOLVED:
            return self.filter(resolved_at__isnull=False)
        unresolved = self.filter(resolved_at__isnull=True)
        snoozed = Q(snoozed_until__gt=now)
        return unresolved.filter(snoozed if state == FailureGroup.State.SNOOZED else ~snoozed | Q(snoozed_until=None))


class FailureGroup(models.Model):
    class State(models.TextChoices):
        OPEN = "open", "Open"
        SNOOZED = "snoozed", "Snoozed"
        RESOLVED = "resolved", "Resolved"

    integration = models.ForeignKey(
        "integrations.Integration", on_delete=models.CASCADE, related_name="failure_groups", db_index=False
    )
    #: SHA-256 in hex of what the failures have in common.
    fingerprint = models.CharField(max_length=64, editable=False)
    #: The message with its changing parts replaced.
    title = models.CharField(max_length=300)
    feature = models.ForeignKey(
        "integrations.Feature", on_delete=models.SET_NULL, null=True, blank=True, related_name="failure_groups"
    )
    #: Access tag of the app that was called, or "".
    app = models.CharField(max_length=64, blank=True, default="")
    #: The tag of what was called, or "" when no step failed.
    target = models.CharField(max_length=130, blank=True, default="")
    error_code = models.CharField(max_length=64, blank=True, default="")
    #: The last failure's own words.
    message = models.TextField(blank=True, default="")

    count = models.PositiveBigIntegerField(default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    #: Number of the feature's version that first failed like this; None when that was deleted.
    first_version = models.PositiveIntegerField(null=True, blank=True)

    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="failure_groups"
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, default="")
    #: Ends when it is seen again.
    resolved_at = models.DateTimeField(null=True, blank=True)
    #: When it was last seen again after it had been resolved.
    reopened_at = models.DateTimeField(null=True, blank=True)

    objects = FailureGroupQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        permissions = [("manage_failuregroup", "Can assign, snooze, note and resolve failure groups")]
        indexes = [
            models.Index(fields=["-last_seen"], name="failure_group_by_last_seen"),
            models.Index(fields=["-count"], name="failure_group_by_count"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["integration", "fingerprint"], name="failure_group_fingerprint_unique"),
        ]

    def __str__(self) -> str:
        return self.title

    # Queries

    def state_at(self, now: dt.datetime) -> State:
        if self.resolved_at is not None:
            return self.State.RESOLVED
        is_snoozed = self.snoozed_until is not None and self.snoozed_until > now
        return self.State.SNOOZED if is_snoozed else self.State.OPEN
