"""Integrations: who may see them, and the revision that counts every change of anything in them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from integrations.definitions.integration import Integration as IntegrationDefinition
from integrations.models.base import DefinitionModel
from integrations.models.fields import TagField
from integrations.models.visibility import ScopedQuerySet


class IntegrationQuerySet(ScopedQuerySet["Integration"]):
    INTEGRATION: ClassVar[str] = "pk"
    MEMBERS: ClassVar[str] = "members"

    def named(self, name: str) -> IntegrationQuerySet:
        """Return the integrations of this name, compared as `unique` does."""
        return self.filter(name_folded=folded(name))


class Integration(DefinitionModel[IntegrationDefinition]):
    DEFINITION = IntegrationDefinition
    COLUMNS = ("name", "description", "unique", "tag")

    name = models.CharField(max_length=100)
    #: `name` as it is compared; follows it on every save.
    name_folded = models.CharField(max_length=2_000, editable=False, db_index=True)
    tag = TagField(unique=True)
    description = models.TextField(blank=True)
    unique = models.BooleanField(default=False)
    #: Bumped by every change of anything in the integration: equal revisions mean equal contents.
    revision = models.PositiveBigIntegerField(default=1, editable=False)
    #: Who may see it besides those who see every integration.
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="integrations", blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    objects = IntegrationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name_folded"],
                # Against namesakes that are not `unique` themselves, the operation looks.
                condition=Q(unique=True),
                name="integration_name_unique",
                violation_error_message="There is already an integration of this name.",
            )
        ]
        permissions = [("view_every_integration", "Can view every integration, also without being a member")]

    def __str__(self) -> str:
        return self.name

    # Mutators

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.name_folded = folded(self.name)
        if update_fields is not None and "name" in update_fields:
            update_fields = {*update_fields, "name_folded"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def apply(self, definition: IntegrationDefinition) -> None:
        super().apply(definition)
        self.tag = definition.own_tag

    def touch(self) -> None:
        """Count a change of anything in this integration."""
        rows = Integration.objects.filter(pk=self.pk)
        rows.update(revision=F("revision") + 1, updated_at=timezone.now())
        self.refresh_from_db(fields=["revision", "updated_at"])


def folded(name: str) -> str:
    """Return `name` as names are compared: without case, compatibility forms or outer spaces."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
