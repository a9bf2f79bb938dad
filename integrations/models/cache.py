"""Caches: which event's successful results are kept, and for how long."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.definitions.cache import Cache as CacheDefinition
from integrations.models.base import DefinitionModel
from integrations.models.fields import TagField
from integrations.models.visibility import ScopedQuerySet


class CacheQuerySet(ScopedQuerySet["Cache"]):
    pass


class Cache(DefinitionModel[CacheDefinition]):
    DEFINITION = CacheDefinition
    COLUMNS = ("tag", "name", "description", "sequence_tag", "event_tag", "expiry", "period")

    class Period(models.TextChoices):
        SECONDS = "secs", "seconds"
        MINUTES = "mins", "minutes"
        HOURS = "hours", "hours"
        DAYS = "days", "days"
        WEEKS = "weeks", "weeks"
        MONTHS = "months", "calendar months"
        YEARS = "years", "calendar years"

    integration = models.ForeignKey("integrations.Integration", on_delete=models.CASCADE, related_name="caches")
    tag = TagField()
    name = models.CharField(max_length=200, blank=True, default="")
    description = models.TextField(blank=True, default="")
    sequence_tag = TagField()
    event_tag = TagField()
    #: How many `period`s a result is kept.
    expiry = models.PositiveIntegerField()
    period = models.CharField(max_length=8, choices=Period)

    objects = CacheQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["integration", "tag"], name="cache_tag_unique"),
            models.CheckConstraint(condition=Q(expiry__gt=0), name="cache_expiry_positive"),
        ]

    def __str__(self) -> str:
        return self.tag
