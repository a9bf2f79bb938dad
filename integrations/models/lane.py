"""Lanes: where the runs of a limited feature wait in one environment, so that no other run waits behind them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Lane(models.Model):
    """One feature in one environment, with the limits that its latest start brought; they hold for all its runs.

    Runs name their lane by `key`, not by row: the feature's deletion takes its limits away and leaves its runs.
    """

    key = models.CharField(max_length=64, unique=True)
    feature = models.ForeignKey("integrations.Feature", on_delete=models.CASCADE, related_name="lanes")
    environment = models.ForeignKey("integrations.Environment", on_delete=models.CASCADE, related_name="lanes")
    #: How many of its runs may be running at once; None is no limit.
    concurrency = models.PositiveIntegerField(null=True, blank=True)
    #: How many of its runs may begin within any `rate_period` seconds; None is no limit.
    rate_limit = models.PositiveIntegerField(null=True, blank=True)
    rate_period = models.FloatField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(rate_limit__isnull=True, rate_period__isnull=True)
                | Q(rate_limit__isnull=False, rate_period__isnull=False),
                name="lane_rate_has_a_period",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    # Factories

    @staticmethod
    def key_of(*, feature_id: int, environment_id: int) -> str:
        return f"{environment_id}/{feature_id}"
