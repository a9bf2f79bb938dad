"""Environments: where an integration runs."""

from __future__ import annotations

from typing import cast

from django.db import models
from django.db.models import Prefetch

from integrations.definitions.environment import Environment as EnvironmentDefinition
from integrations.definitions.secrecy import masked
from integrations.models.base import DefinitionModel
from integrations.models.connected_app import AppBinding
from integrations.models.fields import ExactJSONField, SealedField
from integrations.models.sealed import SealedModel
from integrations.models.visibility import ScopedQuerySet
from integrations.types import JsonObject


class EnvironmentQuerySet(ScopedQuerySet["Environment"]):
    def active(self) -> EnvironmentQuerySet:
        return self.filter(active=True)

    def with_definition(self) -> EnvironmentQuerySet:
        bindings = AppBinding.objects.select_related("connected_app", "app_environment")
        return self.prefetch_related(Prefetch("bindings", queryset=bindings))


class Environment(SealedModel, DefinitionModel[EnvironmentDefinition]):
    DEFINITION = EnvironmentDefinition
    COLUMNS = ("env_name", "slug", "description", "active")

    integration = models.ForeignKey("integrations.Integration", on_delete=models.CASCADE, related_name="environments")
    slug = models.CharField(max_length=16)
    env_name = models.CharField(max_length=50)
    description = models.TextField(blank=True, default="")
    active = models.BooleanField(default=True)
    sealed_auth = SealedField(purpose="environment.auth")
    #: What is sealed, every value masked.
    auth_shape = ExactJSONField(default=dict, blank=True, editable=False)

    objects = EnvironmentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "slug"], name="environment_slug_unique")]

    def __str__(self) -> str:
        return self.slug

    # Mutators

    def set_auth(self, value: JsonObject) -> None:
        """Seal the default authentication data."""
        self.seal("sealed_auth", value)
        self.auth_shape = masked(value)

    # Queries

    def open_auth(self) -> JsonObject:
        """Return the default authentication data; only for the moment of use."""
        return cast("JsonObject", self.unseal("sealed_auth") or {})

    def describe(self) -> JsonObject:
        bindings = sorted(self.bindings.all(), key=lambda binding: binding.connected_app.access_tag)
        envs = [binding.describe_for_environment() for binding in bindings]
        return {**super().describe(), "auth": self.auth_shape, **({"envs": [*envs]} if envs else {})}
