"""Databases: the statements that may run on them, and the sealed connection URL in each environment."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Prefetch

from integrations.definitions.database import Database as DatabaseDefinition
from integrations.definitions.secrecy import KEPT
from integrations.models.base import DefinitionModel
from integrations.models.environment_settings import EnvironmentSettingsModel, replace_settings
from integrations.models.fields import ExactJSONField, SealedField, TagField
from integrations.models.visibility import ScopedQuerySet
from integrations.types import Json, JsonObject


class DatabaseQuerySet(ScopedQuerySet["Database"]):
    def with_definition(self) -> DatabaseQuerySet:
        settings = DatabaseEnvironment.objects.select_related("environment")
        return self.prefetch_related(Prefetch("environments", queryset=settings))


class Database(DefinitionModel[DatabaseDefinition]):
    DEFINITION = DatabaseDefinition
    COLUMNS = ("tag", "name", "description", "type", "actions")

    class Type(models.TextChoices):
        POSTGRESQL = "postgresql", "PostgreSQL"
        MYSQL = "mysql", "MySQL"
        SQLITE = "sqlite", "SQLite"

    integration = models.ForeignKey("integrations.Integration", on_delete=models.CASCADE, related_name="databases")
    tag = TagField()
    name = models.CharField(max_length=200, blank=True, default="")
    description = models.TextField(blank=True, default="")
    type = models.CharField(max_length=16, choices=Type, default=Type.POSTGRESQL)
    actions = ExactJSONField(default=list, blank=True)

    objects = DatabaseQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "tag"], name="database_tag_unique")]

    def __str__(self) -> str:
        return self.tag

    # Mutators

    def apply_environments(self, definition: DatabaseDefinition) -> None:
        """Make the stored connection URLs those of `definition`. This row must be saved already.

        Raises:
            DefinitionError: a masked URL has nothing stored behind it.
        """
        values: dict[str, Json] = {each.slug: each.connection_url for each in definition.envs}
        place = f"databases/{self.tag}/envs"
        replace_settings(self.environments, values, environments=self.integration.environments.all(), place=place)
        self.forget_prefetched()

    # Queries

    def describe(self) -> JsonObject:
        slugs = sorted(row.environment.slug for row in self.environments.all())
        envs: list[Json] = [{"slug": slug, "connection_url": KEPT} for slug in slugs]
        return {**super().describe(), "envs": envs}


class DatabaseEnvironmentQuerySet(ScopedQuerySet["DatabaseEnvironment"]):
    INTEGRATION = "database__integration"
    MEMBERS = "database__integration__members"


class DatabaseEnvironment(EnvironmentSettingsModel):
    """The connection URL of one database in one environment."""

    SUBJECT: ClassVar[str] = "database"
    SEALED: ClassVar[str] = "sealed_connection_url"

    database = models.ForeignKey(Database, on_delete=models.CASCADE, related_name="environments")
    sealed_connection_url = SealedField(purpose="database_environment.connection_url")

    objects = DatabaseEnvironmentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["database", "environment"], name="database_environment_unique")]
