"""The audit record: who changed what, when and why. Rows are added, never changed or removed."""

from __future__ import annotations

from typing import Any, Never

from django.conf import settings
from django.db import models
from django.utils import timezone

from integrations.models.fields import ExactJSONField
from integrations.models.frozen import FrozenModel, FrozenRows, RowIsFrozen
from integrations.models.visibility import ScopedQuerySet


class AuditRecordQuerySet(FrozenRows, ScopedQuerySet["AuditRecord"]):
    def delete(self) -> Never:
        raise RowIsFrozen(self.model)


class AuditRecord(FrozenModel):
    at = models.DateTimeField(default=timezone.now, db_index=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    #: The user's name then, which stays when the user is deleted; "" is whoever runs the server.
    by_name = models.CharField(max_length=150, blank=True, default="")
    #: A verb: `add`, `change`, `delete`, `publish`, `start`, …
    action = models.CharField(max_length=32)
    #: What it was done to: `feature`, `run`, …
    kind = models.CharField(max_length=32)
    tag = models.CharField(max_length=200)
    integration = models.ForeignKey(
        "integrations.Integration", on_delete=models.SET_NULL, null=True, related_name="audit_records"
    )
    integration_tag = models.CharField(max_length=64, blank=True, default="")
    #: `{field: {"from": …, "to": …}}`, secrets masked.
    changes = ExactJSONField(default=dict)
    reason = models.TextField(blank=True, default="")

    objects = AuditRecordQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        indexes = [models.Index(fields=["kind", "tag"], name="audit_record_by_object")]

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.tag}"

    # Mutators

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.by is not None:
            self.by_name = self.by.get_username()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise RowIsFrozen(self)
