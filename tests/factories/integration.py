"""Integrations and their environments."""

from __future__ import annotations

import uuid

from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from integrations.models import Environment, Integration, Secret


class IntegrationFactory(DjangoModelFactory[Integration]):
    class Meta:
        model = Integration

    name = Sequence(lambda number: f"Integration {number}")
    tag = Sequence(lambda number: f"integration_{number}")


class EnvironmentFactory(DjangoModelFactory[Environment]):
    class Meta:
        model = Environment

    integration = SubFactory(IntegrationFactory)
    slug = Sequence(lambda number: f"dev{number}")
    env_name = "Development"


class SecretFactory(DjangoModelFactory[Secret]):
    """A secret for all environments, with the value "hush"."""

    class Meta:
        model = Secret

    integration = SubFactory(IntegrationFactory)
    key = Sequence(lambda number: f"key_{number}")
    seal_id = LazyFunction(uuid.uuid4)
    sealed_value = LazyAttribute(lambda secret: _sealed("hush", secret.seal_id))


def _sealed(value: str, seal_id: uuid.UUID) -> str:
    secret = Secret(seal_id=seal_id)
    secret.set_value(value)
    return secret.sealed_value
