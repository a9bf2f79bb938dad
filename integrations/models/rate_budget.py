"""Rate budgets: how much of the rate limit of an app environment is already taken."""

from __future__ import annotations

from django.db import models

from integrations.models.locking import LockingQuerySet


class RateBudget(models.Model):
    """Two timestamps are all that a budget takes. Source: GCRA, ITU-T I.371; see `integrations.engine.budgets`."""

    app_environment = models.OneToOneField(
        "integrations.AppEnvironment", on_delete=models.CASCADE, primary_key=True, related_name="rate_budget"
    )
    #: When all calls that have taken a place would have come in at an even pace: the "theoretical arrival time".
    paid_until = models.DateTimeField()
    #: The same of the calls that were made; None before the first.
    sent_until = models.DateTimeField(null=True, blank=True)

    objects = LockingQuerySet["RateBudget"].as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)
