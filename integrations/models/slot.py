"""Slots: what became of each time at which a job was to fire. Together they are its schedule ledger."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from integrations.models.freeze import Freeze
from integrations.models.visibility import ScopedQuerySet


class SlotQuerySet(ScopedQuerySet["Slot"]):
    INTEGRATION = "job__integration"
    MEMBERS = "job__integration__members"

    def queued(self) -> SlotQuerySet:
        """Return those that wait for something, in the order in which they are to start."""
        return self.filter(status=Slot.Status.QUEUED).order_by("nominal_at")

    def startable(self, now: dt.datetime) -> SlotQuerySet:
        """Return the queued ones whose turn it is, unless their job or its environment is held."""
        frozen = Freeze.objects.in_force().values("environment")
        due = self.filter(due_at__lte=now, job__paused=False).exclude(job__environment__in=frozen)
        return due.order_by("due_at", "nominal_at")

    def within(self, *, since: dt.datetime, until: dt.datetime) -> SlotQuerySet:
        """Return those of which some time lies from `since` to `until`: each arm is a stretch of an index."""
        begins_within = Q(nominal_at__gte=since, nominal_at__lte=until)
        return self.filter(begins_within | Q(nominal_at__lt=since, until_at__gte=since))


class Slot(models.Model):
    """One time, or several in a row that nothing became of for the same reason."""

    class Status(models.TextChoices):
        STARTED = "started", "Started"
        QUEUED = "queued", "Queued"
        OVERLAPPED = "overlapped", "Overlapped"
        SKIPPED = "skipped", "Skipped"
        MISSED = "missed", "Missed"
        REFUSED = "refused", "Refused"

    #: A run that starts later than this after its nominal time is late.
    LATE = dt.timedelta(seconds=10)

    job = models.ForeignKey("integrations.Job", on_delete=models.CASCADE, related_name="slots", db_index=False)
    #: When the job was to fire, by its schedule; the first time of several.
    nominal_at = models.DateTimeField()
    #: The last time of several, None for a single one.
    until_at = models.DateTimeField(null=True, blank=True)
    #: How many times this stands for; at least, where counting all would have taken too long.
    count = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=16, choices=Status)
    #: Why it did not start, or what is special about its start.
    reason = models.TextField(blank=True, default="")
    #: The first run, which retries follow as runs of their own; None also once it was pruned.
    run = models.ForeignKey("integrations.Run", on_delete=models.SET_NULL, null=True, blank=True, related_name="slots")
    recorded_at = models.DateTimeField(default=timezone.now)
    #: From when on a queued one may start; None waits for the job's runs to end.
    due_at = models.DateTimeField(null=True, blank=True)

    objects = SlotQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            # Any number of schedulers may look at one job: each time is written down once.
            models.UniqueConstraint(fields=["job", "nominal_at"], name="slot_nominal_at_unique"),
            models.CheckConstraint(
                condition=Q(count=1, until_at__isnull=True) | Q(count__gt=1, until_at__gt=F("nominal_at")),
                name="slot_until_at_of_several",
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(status="queued"), name="slot_due_at_while_queued"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="slot_due"),
            models.Index(fields=["job", "nominal_at"], condition=Q(status="queued"), name="slot_queued"),
            models.Index(fields=["nominal_at"], name="slot_nominal_at"),
            # Those whose first time may lie before what is looked at; see `within`.
            models.Index(fields=["job", "until_at"], condition=Q(until_at__isnull=False), name="slot_of_several"),
        ]

    def __str__(self) -> str:
        return f"{self.job} at {self.nominal_at:%Y-%m-%d %H:%M:%S}"
