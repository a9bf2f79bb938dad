"""Start keys: which run stands for a deduplication key, and until when."""

from __future__ import annotations

from django.db import models

from integrations.models.locking import LockingQuerySet


class StartKey(models.Model):
    """One key of one feature in one environment; its row is locked while a start checks and uses it."""

    feature = models.ForeignKey("integrations.Feature", on_delete=models.CASCADE, related_name="start_keys")
    environment = models.ForeignKey("integrations.Environment", on_delete=models.CASCADE, related_name="start_keys")
    #: SHA-256 of the key's canonical JSON, in hex: the key itself may be long, and confidential.
    digest = models.CharField(max_length=64)
    #: None only within the transaction that makes the row.
    run = models.ForeignKey("integrations.Run", on_delete=models.CASCADE, null=True, related_name="start_keys")
    #: From then on the next start is a new run.
    expires_at = models.DateTimeField(db_index=True)

    objects = LockingQuerySet["StartKey"].as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["feature", "environment", "digest"], name="start_key_unique"),
        ]

    def __str__(self) -> str:
        return self.digest[:12]
