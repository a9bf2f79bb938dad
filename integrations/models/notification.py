"""Notifications: messages, and the sealed settings of their channels in each environment."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Prefetch

from integrations.definitions.notification import Notification as NotificationDefinition
from integrations.definitions.secrecy import masked
from integrations.models.base import DefinitionModel
from integrations.models.environment_settings import EnvironmentSettingsModel, replace_settings
from integrations.models.fields import ExactJSONField, SealedField, TagField
from integrations.models.visibility import ScopedQuerySet
from integrations.types import Json, JsonObject


class NotificationQuerySet(ScopedQuerySet["Notification"]):
    def with_definition(self) -> NotificationQuerySet:
        settings = NotificationEnvironment.objects.select_related("environment")
        return self.prefetch_related(Prefetch("environments", queryset=settings))


class Notification(DefinitionModel[NotificationDefinition]):
    DEFINITION = NotificationDefinition
    COLUMNS = ("tag", "name", "description", "messages")

    integration = models.ForeignKey("integrations.Integration", on_delete=models.CASCADE, related_name="notifications")
    tag = TagField()
    name = models.CharField(max_length=200, blank=True, default="")
    description = models.TextField(blank=True, default="")
    messages = ExactJSONField(default=list, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "tag"], name="notification_tag_unique")]

    def __str__(self) -> str:
        return self.tag

    # Mutators

    def apply_environments(self, definition: NotificationDefinition) -> None:
        """Make the stored channel settings those of `definition`. This row must be saved already.

        Raises:
            DefinitionError: a masked value has nothing stored behind it.
        """
        values: dict[str, Json] = {}
        for channels in definition.envs:
            plain = channels.to_compact_dict()
            values[channels.slug] = {name: value for name, value in plain.items() if name != "slug"}
        place = f"notifications/{self.tag}/envs"
        replace_settings(self.environments, values, environments=self.integration.environments.all(), place=place)
        self.forget_prefetched()

    # Queries

    def describe(self) -> JsonObject:
        rows = sorted(self.environments.all(), key=lambda row: row.environment.slug)
        envs: list[Json] = [{"slug": row.environment.slug, **row.settings_shape} for row in rows]
        return {**super().describe(), "envs": envs}


class NotificationEnvironmentQuerySet(ScopedQuerySet["NotificationEnvironment"]):
    INTEGRATION = "notification__integration"
    MEMBERS = "notification__integration__members"


class NotificationEnvironment(EnvironmentSettingsModel):
    """The channels' settings of one notification in one environment: `{email, callback, sms, push}`."""

    SUBJECT: ClassVar[str] = "notification"
    SEALED: ClassVar[str] = "sealed_settings"

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="environments")
    sealed_settings = SealedField(purpose="notification_environment.settings")
    #: What is sealed, every value masked.
    settings_shape = ExactJSONField(default=dict, editable=False)

    objects = NotificationEnvironmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notification", "environment"], name="notification_environment_unique")
        ]

    # Mutators

    def put(self, value: Json) -> None:
        super().put(value)
        self.settings_shape = masked(value)
