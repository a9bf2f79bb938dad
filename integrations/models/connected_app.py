"""Connected apps: catalogue apps that an integration uses, bound per environment."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Prefetch

from integrations.definitions.connected_app import ConnectedApp as ConnectedAppDefinition
from integrations.definitions.secrecy import masked
from integrations.models.base import DefinitionModel, TimestampedModel
from integrations.models.fields import ExactJSONField, SealedField, TagField
from integrations.models.sealed import SealedModel
from integrations.models.visibility import ScopedQuerySet
from integrations.types import Json, JsonObject


class ConnectedAppQuerySet(ScopedQuerySet["ConnectedApp"]):
    def with_definition(self) -> ConnectedAppQuerySet:
        bindings = AppBinding.objects.select_related("environment", "app_environment")
        return self.select_related("app").prefetch_related(Prefetch("bindings", queryset=bindings))


class ConnectedApp(DefinitionModel[ConnectedAppDefinition]):
    DEFINITION = ConnectedAppDefinition
    COLUMNS = ("access_tag",)

    integration = models.ForeignKey("integrations.Integration", on_delete=models.CASCADE, related_name="connected_apps")
    app = models.ForeignKey("integrations.App", on_delete=models.PROTECT, related_name="connections")
    access_tag = TagField()

    objects = ConnectedAppQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["integration", "access_tag"], name="connected_app_access_tag_unique")
        ]

    def __str__(self) -> str:
        return self.access_tag

    # Queries

    def describe(self) -> JsonObject:
        bindings = sorted(self.bindings.all(), key=lambda binding: binding.environment.slug)
        envs: list[Json] = [binding.describe_for_app() for binding in bindings]
        return {"access_tag": self.access_tag, "app_tag": self.app.tag, "envs": envs}


class AppBindingQuerySet(ScopedQuerySet["AppBinding"]):
    INTEGRATION = "connected_app__integration"
    MEMBERS = "connected_app__integration__members"

    def for_environment(self, environment: models.Model) -> AppBindingQuerySet:
        return self.filter(environment=environment.pk)


class AppBinding(SealedModel, TimestampedModel):
    """What a connected app is bound to in one environment."""

    connected_app = models.ForeignKey(ConnectedApp, on_delete=models.CASCADE, related_name="bindings")
    environment = models.ForeignKey("integrations.Environment", on_delete=models.CASCADE, related_name="bindings")
    app_environment = models.ForeignKey(
        "integrations.AppEnvironment", on_delete=models.PROTECT, related_name="bindings"
    )
    #: `[{key, value}]`
    variables = ExactJSONField(default=list, blank=True)
    #: Which of the app's auths is used; "" is none.
    auth_tag = TagField(blank=True, default="")
    sealed_auth = SealedField(purpose="app_binding.auth")
    #: What is sealed, every value masked; None when the environment's own auth is used.
    auth_shape = ExactJSONField(null=True, blank=True, editable=False)

    objects = AppBindingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connected_app", "environment"], name="app_binding_environment_unique")
        ]

    def __str__(self) -> str:
        return f"{self.connected_app} in {self.environment}"

    # Mutators

    def clean(self) -> None:
        """Keep the binding within one integration and one app, which no constraint over three tables could."""
        if self.environment.integration_id != self.connected_app.integration_id:
            raise ValidationError({"environment": "This environment belongs to another integration."})
        if self.app_environment.app_id != self.connected_app.app_id:
            raise ValidationError({"app_environment": "This environment belongs to another app."})

    def set_auth(self, data: Json) -> None:
        """Seal what the auth is given; None takes the environment's own."""
        if data is None:
            self.sealed_auth, self.auth_shape = "", None
            return
        self.seal("sealed_auth", data)
        self.auth_shape = masked(data)

    # Queries

    def open_auth(self) -> Json:
        """Return what the auth is given, or None when it is the environment's own; only for the moment of use."""
        return self.unseal("sealed_auth")

    def describe_for_app(self) -> JsonObject:
        return {"integration_env_slug": self.environment.slug, **self._describe()}

    def describe_for_environment(self) -> JsonObject:
        return {"access_tag": self.connected_app.access_tag, **self._describe()}

    def _describe(self) -> JsonObject:
        auth: JsonObject = {"auth_tag": self.auth_tag or None, "data": self.auth_shape}
        return {"app_env_slug": self.app_env_slug, "variables": self.variables, "auth": auth}

    # Properties

    @property
    def app_env_slug(self) -> str:
        """The bound app environment's; reads `app_environment`, which `with_definition()` and friends load."""
        return self.app_environment.slug
