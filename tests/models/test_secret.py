from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from integrations.models import Secret
from tests.factories import EnvironmentFactory, SecretFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("value", ["", "hush", "{}", "null", "ü\n" * 1_000])
def test_value_comes_back_exactly(value: str) -> None:
    secret = SecretFactory.create()
    secret.set_value(value)
    secret.save()

    assert Secret.objects.get().open_value() == value


def test_value_is_nowhere_in_the_loaded_row() -> None:
    SecretFactory.create(key="token")

    secret = Secret.objects.get()

    assert "hush" not in repr(vars(secret))
    assert (str(secret), repr(secret)) == ("token", "<Secret: token>")


def test_second_secret_of_the_same_key_for_all_environments_is_refused() -> None:
    secret = SecretFactory.create(key="token")

    with pytest.raises(IntegrityError):
        SecretFactory.create(integration=secret.integration, key="token")


def test_second_secret_of_the_same_key_in_an_environment_is_refused() -> None:
    environment = EnvironmentFactory.create()
    SecretFactory.create(integration=environment.integration, environment=environment, key="token")

    with pytest.raises(IntegrityError):
        SecretFactory.create(integration=environment.integration, environment=environment, key="token")


def test_in_effect_prefers_the_value_of_the_environment() -> None:
    prd = EnvironmentFactory.create(slug="prd")
    dev = EnvironmentFactory.create(slug="dev", integration=prd.integration)
    own = SecretFactory.create(integration=prd.integration, environment=prd, key="token")
    general = SecretFactory.create(integration=prd.integration, key="token")
    shared = SecretFactory.create(integration=prd.integration, key="shared")
    SecretFactory.create(key="foreign")

    assert set(Secret.objects.in_effect(prd)) == {own, shared}
    assert set(Secret.objects.in_effect(dev)) == {general, shared}


def test_secret_for_an_environment_of_another_integration_is_refused() -> None:
    secret = SecretFactory.create(environment=EnvironmentFactory.create())

    with pytest.raises(ValidationError, match="another integration"):
        secret.clean()
