"""What the per-environment rows of notifications and databases share: one sealed value for each environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.db import models

from integrations.definitions.secrecy import unmasked
from integrations.errors import join_place
from integrations.models.base import TimestampedModel
from integrations.models.sealed import SealedModel
from integrations.types import Json


class EnvironmentSettingsModel(SealedModel, TimestampedModel):
    """Settings of something in one environment, sealed in one column."""

    #: The foreign key to what this sets, and the sealed column.
    SUBJECT: ClassVar[str]
    SEALED: ClassVar[str]

    environment = models.ForeignKey("integrations.Environment", on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{getattr(self, self.SUBJECT)} in {self.environment}"

    # Mutators

    def put(self, value: Json) -> None:
        """Seal `value`; nothing is saved."""
        self.seal(self.SEALED, value)

    # Queries

    def take(self) -> Json:
        """Return what is sealed, or None; only for the moment of use."""
        return self.unseal(self.SEALED)


def replace_settings(rows: Any, values: Mapping[str, Json], *, environments: Iterable[Any], place: str) -> None:
    """Make `rows` (a related manager of settings) just these: value by environment slug.

    A value masked as KEPT stays what is stored.

    Raises:
        DefinitionError: there is nothing stored to keep.
    """
    stored = {row.environment.slug: row for row in rows.select_related("environment")}
    for environment in environments:
        if environment.slug in values:
            row = stored.pop(environment.slug, None) or rows.model(
                **{rows.model.SUBJECT: rows.instance}, environment=environment
            )
            row.put(unmasked(values[environment.slug], row.take(), place=join_place(place, environment.slug)))
            row.save()
    rows.filter(pk__in=[row.pk for row in stored.values()]).delete()
