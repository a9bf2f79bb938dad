"""Bulk operations: retries, replays or cancels of many runs, carried out one by one by workers."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from integrations.models.fields import ExactJSONField
from integrations.models.identifiers import uuid7
from integrations.models.visibility import Viewer, is_known, sees_every_integration


class BulkOperationQuerySet(models.QuerySet["BulkOperation"]):
    def visible_to(self, viewer: Viewer) -> BulkOperationQuerySet:
        """Return the viewer's own operations: they may be about runs that others may not see."""
        if sees_every_integration(viewer):
            return self.all()
        return self.filter(created_by=viewer.pk) if is_known(viewer) else self.none()

    def unfinished(self) -> BulkOperationQuerySet:
        return self.filter(finished_at__isnull=True)


class BulkOperation(models.Model):
    class Kind(models.TextChoices):
        RETRY = "retry", "Retry"
        CANCEL = "cancel", "Cancel"
        REPLAY = "replay", "Replay"

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Finished"
        CANCELLED = "cancelled", "Stopped"
        FAILED = "failed", "Refused"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=Kind)
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING)
    #: The chosen runs, in words.
    description = models.TextField(blank=True, default="")
    reason = models.TextField()
    #: `{version, start, writes}` of a replay.
    options = ExactJSONField(default=dict, blank=True)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    #: Why it ended before all was done, or "".
    message = models.TextField(blank=True, default="")
    #: None: the system, or a user who was deleted since; `by_system` tells which.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    by_system = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = BulkOperationQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["id"], condition=Q(finished_at__isnull=True), name="bulk_operation_unfinished"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="running", finished_at__isnull=True)
                | (~Q(status="running") & Q(finished_at__isnull=False)),
                name="bulk_operation_finished_at_once_over",
            ),
            models.CheckConstraint(
                condition=Q(total__gte=F("done") + F("failed")), name="bulk_operation_counts_within_total"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.total} runs"

    # Properties

    @property
    def left(self) -> int:
        return self.total - self.done - self.failed


class BulkItem(models.Model):
    """One run of a bulk operation, and its outcome."""

    class State(models.TextChoices):
        PENDING = "pending", "To do"
        DONE = "done", "Done"
        FAILED = "failed", "Not done"

    operation = models.ForeignKey(BulkOperation, on_delete=models.CASCADE, related_name="items", db_index=False)
    #: No foreign key, nor is `result`: either run may be pruned.
    run_id = models.UUIDField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    #: Why it was not done, or "".
    message = models.TextField(blank=True, default="")
    #: The run that a retry or a replay has started.
    result_id = models.UUIDField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["operation", "state", "id"], name="bulk_item_by_state"),
        ]
        constraints = [models.UniqueConstraint(fields=["operation", "run_id"], name="bulk_item_run_unique")]

    def __str__(self) -> str:
        return str(self.run_id)
