"""Cache entries: one result each, and the step that is about to make it."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q

from integrations.models.cache import Cache
from integrations.models.fields import ExactJSONField
from integrations.models.visibility import ScopedQuerySet


class CacheEntryQuerySet(ScopedQuerySet["CacheEntry"]):
    INTEGRATION = "cache__integration"
    MEMBERS = "cache__integration__members"

    def fresh(self, now: dt.datetime) -> CacheEntryQuerySet:
        """Return the entries with a result that has not expired."""
        return self.filter(expires_at__gt=now)

    def expired(self, now: dt.datetime) -> CacheEntryQuerySet:
        """Return the entries whose result, or else the time to make one, has expired."""
        return self.filter(Q(expires_at__lte=now) | Q(expires_at=None)).filter(
            Q(filling_until__lte=now) | Q(filling_until=None)
        )

    def to_fill(self, now: dt.datetime, filler: str) -> CacheEntryQuerySet:
        """Return the entries without a fresh result that no other step is filling."""
        return self.filter(Q(expires_at__lte=now) | Q(expires_at=None)).filter(
            Q(filling_until__lte=now) | Q(filling_until=None) | Q(filling_by=filler)
        )


class CacheEntry(models.Model):
    cache = models.ForeignKey(Cache, on_delete=models.CASCADE, related_name="entries")
    environment = models.ForeignKey(
        "integrations.Environment", on_delete=models.CASCADE, related_name="cache_entries", db_index=False
    )
    #: SHA-256, in hex, of all that the result depends on.
    key = models.CharField(max_length=64, unique=True)
    value = ExactJSONField(null=True, blank=True)
    #: Both None until there is a result.
    stored_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    #: The step that makes the result, as its run's id and its place in it; "" when none does.
    filling_by = models.CharField(max_length=340, blank=True, default="")
    #: Until when other steps leave it to that one.
    filling_until = models.DateTimeField(null=True, blank=True)

    objects = CacheEntryQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        verbose_name_plural = "cache entries"
        constraints = [
            models.CheckConstraint(
                condition=Q(stored_at=None, expires_at=None) | Q(stored_at__isnull=False, expires_at__isnull=False),
                name="cache_entry_expires_once_stored",
            ),
            models.CheckConstraint(
                condition=Q(filling_by="", filling_until=None) | (~Q(filling_by="") & Q(filling_until__isnull=False)),
                name="cache_entry_filled_until",
            ),
        ]

    def __str__(self) -> str:
        return self.key[:12]
