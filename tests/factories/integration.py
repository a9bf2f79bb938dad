"""Integrations and their environments."""

from __future__ import annotations

from factory.declarations import Sequence, SubFactory
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

    @classmethod
    def _build(cls, model_class: type[Secret], *args: object, **kwargs: object) -> Secret:
        return cls._sealed(super()._build(model_class, *args, **kwargs))

    @classmethod
    def _create(cls, model_class: type[Secret], *args: object, **kwargs: object) -> Secret:
        secret = cls._build(model_class, *args, **kwargs)
        secret.save()
        return secret

    @staticmethod
    def _sealed(secret: Secret) -> Secret:
        secret.set_value("hush")
        return secret
