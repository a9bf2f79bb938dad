"""Retention rules: how long runs are kept once they have ended."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from integrations.models.run_states import FINAL, RunStatus
from integrations.models.visibility import ScopedQuerySet, Viewer, is_known, sees_every_integration

_STATUSES = [(status.value, str(status.label)) for status in RunStatus if status in FINAL]


class RetentionRuleQuerySet(ScopedQuerySet["RetentionRule"]):
    def visible_to(self, viewer: Viewer) -> RetentionRuleQuerySet:
        """Return the rules of integrations that `viewer` may see, and those for everything, which apply to them."""
        if sees_every_integration(viewer) or not is_known(viewer):
            return super().visible_to(viewer)
        return self.filter(Q(integration=None) | Q(integration__members=viewer.pk))


class RetentionRule(models.Model):
    """A rule for one feature, for one integration, or for everything; the most specific rule for a run applies.

    A feature's rule comes before its integration's, that before one for everything, and within each of them a rule for
    the run's status before one for any status.
    """

    #: A hundred years.
    MOST_DAYS = 36_500

    #: None for everything.
    integration = models.ForeignKey(
        "integrations.Integration", on_delete=models.CASCADE, null=True, blank=True, related_name="retention_rules"
    )
    #: None for the whole integration.
    feature = models.ForeignKey(
        "integrations.Feature", on_delete=models.CASCADE, null=True, blank=True, related_name="retention_rules"
    )
    #: "" for any.
    status = models.CharField(max_length=16, choices=_STATUSES, blank=True, default="")
    #: Counted from the run's end; None keeps runs for ever.
    keep_days = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)]
    )

    objects = RetentionRuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["status"], condition=Q(integration=None), name="retention_rule_for_everything_unique"
            ),
            models.UniqueConstraint(
                fields=["integration", "status"],
                condition=Q(integration__isnull=False, feature=None),
                name="retention_rule_for_integration_unique",
            ),
            models.UniqueConstraint(
                fields=["feature", "status"],
                condition=Q(feature__isnull=False),
                name="retention_rule_for_feature_unique",
            ),
            models.CheckConstraint(
                condition=Q(feature=None) | Q(integration__isnull=False), name="retention_rule_feature_in_integration"
            ),
        ]

    def __str__(self) -> str:
        kept = "for ever" if self.keep_days is None else f"for {self.keep_days} days"
        return f"keep {self.status or 'all'} runs {kept}"

    # Mutators

    def clean(self) -> None:
        if self.feature is not None and self.feature.integration_id != self.integration_id:
            raise ValidationError({"feature": "This feature belongs to another integration."})
        twins = RetentionRule.objects.filter(integration=self.integration, feature=self.feature, status=self.status)
        if twins.exclude(pk=self.pk).exists():
            raise ValidationError({"status": "There is a rule for these runs already."})
