"""Secrets: write-only values of an integration, for one environment or for all."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from integrations.models.base import TimestampedModel
from integrations.models.fields import SealedField, TagField
from integrations.models.sealed import SealedModel
from integrations.models.visibility import ScopedQuerySet


class SecretQuerySet(ScopedQuerySet["Secret"]):
    def in_effect(self, environment: models.Model) -> list[Secret]:
        """Return the secrets that hold in `environment`: its own ones before those for all."""
        integration = {"integration__environments": environment.pk}
        rows = self.filter(Q(environment=environment.pk) | Q(environment=None), **integration)
        by_key: dict[str, Secret] = {}
        for secret in sorted(rows, key=lambda row: row.environment_id is not None):
            by_key[secret.key] = secret
        return list(by_key.values())


class Secret(SealedModel, TimestampedModel):
    integration = models.ForeignKey("integrations.Integration", on_delete=models.CASCADE, related_name="secrets")
    #: None: for every environment that has no value of its own.
    environment = models.ForeignKey(
        "integrations.Environment", on_delete=models.CASCADE, null=True, blank=True, related_name="secrets"
    )
    key = TagField()
    description = models.TextField(blank=True, default="")
    sealed_value = SealedField(purpose="secret.value")
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    objects = SecretQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["integration", "environment", "key"],
                condition=Q(environment__isnull=False),
                name="secret_key_unique_in_environment",
                violation_error_message="This environment already has a secret of this key.",
            ),
            models.UniqueConstraint(
                fields=["integration", "key"],
                condition=Q(environment__isnull=True),
                name="secret_key_unique_for_all_environments",
                violation_error_message="There is already a secret of this key for all environments.",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    # Mutators

    def clean(self) -> None:
        if self.environment is not None and self.environment.integration_id != self.integration_id:
            raise ValidationError({"environment": "This environment belongs to another integration."})

    def set_value(self, value: str) -> None:
        self.seal("sealed_value", value)

    # Queries

    def open_value(self) -> str:
        """Return the value; only for the moment of use.

        Raises:
            SealBroken: the key is gone, or the token was altered.
        """
        return cast("str", self.unseal("sealed_value") or "")
