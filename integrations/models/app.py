"""Apps: third-party or internal APIs in the catalogue, shared by all integrations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import F
from django.utils import timezone

from integrations.definitions.app import App as AppDefinition
from integrations.definitions.base import Definition
from integrations.models.base import DefinitionModel, PartModel, in_order
from integrations.models.fields import ExactJSONField, TagField
from integrations.models.visibility import Viewer
from integrations.types import JsonObject

#: The definition's field of each kind of part, and where its rows hang.
_PARTS = {
    "envs": "environments",
    "actions": "actions",
    "auths": "auths",
    "variables": "variables",
    "constants": "constants",
    "webhooks": "webhooks",
}


class AppQuerySet(models.QuerySet["App"]):
    def visible_to(self, viewer: Viewer) -> AppQuerySet:
        """Return the apps that `viewer` may see: the catalogue is everyone's who may act at all."""
        return self.all() if viewer.is_active else self.none()

    def with_definition(self) -> AppQuerySet:
        """Return the apps with all that `to_definition` reads, in seven queries."""
        return self.prefetch_related(*_PARTS.values())


class App(DefinitionModel[AppDefinition]):
    DEFINITION = AppDefinition
    COLUMNS = ("app_name", "tag", "description", "status", "retries")

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PRIVATE = "private", "Private"
        PUBLIC = "public", "Public"

    app_name = models.CharField(max_length=100)
    tag = TagField(unique=True)
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    retries = ExactJSONField(default=dict, blank=True)
    #: Bumped by every change of the app or its parts.
    revision = models.PositiveBigIntegerField(default=1, editable=False)

    objects = AppQuerySet.as_manager()

    def __str__(self) -> str:
        return self.app_name

    # Mutators

    def apply_parts(self, definition: AppDefinition) -> None:
        """Make the stored parts those of `definition`: same key, same row. This row must be saved already.

        Raises:
            ProtectedError: a connected app is bound to an environment that is no longer there.
        """
        for name, related in _PARTS.items():
            self._replace(getattr(self, related), getattr(definition, name))
        self.forget_prefetched()

    def touch(self) -> None:
        """Count a change of the app or its parts."""
        App.objects.filter(pk=self.pk).update(revision=F("revision") + 1, updated_at=timezone.now())
        self.refresh_from_db(fields=["revision", "updated_at"])

    def _replace(self, parts: Any, definitions: Sequence[Definition]) -> None:
        model: type[PartModel[Any]] = parts.model
        rows = [parts.model(app=self, position=position) for position in range(len(definitions))]
        for row, definition in zip(rows, definitions, strict=True):
            row.apply(definition)
        parts.exclude(**{f"{model.KEY}__in": [getattr(row, model.KEY) for row in rows]}).delete()
        columns = {field.name for field in model._meta.concrete_fields}
        parts.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["app", model.KEY],
            update_fields=sorted(columns - {"id", "app", "created_at", model.KEY}),
        )

    # Queries

    def describe(self) -> JsonObject:
        parts = {name: [row.describe() for row in in_order(self._rows(related))] for name, related in _PARTS.items()}
        return {**super().describe(), **{name: [*rows] for name, rows in parts.items() if rows}}

    def _rows(self, related: str) -> models.QuerySet[PartModel[Any]]:
        rows: models.QuerySet[PartModel[Any]] = getattr(self, related).all()
        return rows
