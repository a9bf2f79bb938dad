from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from integrations.definitions.connected_app import ConnectedApp as ConnectedAppDefinition
from integrations.models import ConnectedApp
from integrations.types import Json
from tests.factories import AppBindingFactory, AppEnvironmentFactory, ConnectedAppFactory, EnvironmentFactory

pytestmark = pytest.mark.django_db


def test_second_connected_app_of_the_same_access_tag_is_refused() -> None:
    connected = ConnectedAppFactory.create(access_tag="shop")

    with pytest.raises(IntegrityError):
        ConnectedAppFactory.create(integration=connected.integration, access_tag="shop")


def test_second_binding_in_the_same_environment_is_refused() -> None:
    binding = AppBindingFactory.create()

    with pytest.raises(IntegrityError):
        AppBindingFactory.create(connected_app=binding.connected_app, environment=binding.environment)


def test_definition_holds_the_bindings_with_masked_auth() -> None:
    binding = AppBindingFactory.create(variables=[{"key": "region", "value": "eu"}], auth_tag="login")
    binding.set_auth({"body": {"user": "me", "password": "hush"}})
    binding.save()

    definition = ConnectedApp.objects.with_definition().get().to_definition()

    assert definition == ConnectedAppDefinition.parse(
        {
            "access_tag": binding.connected_app.access_tag,
            "app_tag": binding.connected_app.app.tag,
            "envs": [
                {
                    "app_env_slug": "live",
                    "integration_env_slug": binding.environment.slug,
                    "variables": [{"key": "region", "value": "eu"}],
                    "auth": {"auth_tag": "login", "data": {"body": {"user": "[sealed]", "password": "[sealed]"}}},
                }
            ],
        }
    )


@pytest.mark.parametrize("data", ["", {}, [], 0, False, {"body": {"b": 1, "a": "ü"}}, None])
def test_auth_data_comes_back_exactly(data: Json) -> None:
    binding = AppBindingFactory.create()

    binding.set_auth(data)

    assert repr(binding.open_auth()) == repr(data)


def test_auth_data_of_none_forgets_what_was_sealed() -> None:
    binding = AppBindingFactory.create()
    binding.set_auth({"token": "hush"})

    binding.set_auth(None)

    assert (binding.sealed_auth, binding.auth_shape) == ("", None)


def test_binding_to_an_environment_of_another_integration_is_refused() -> None:
    binding = AppBindingFactory.build(
        environment=EnvironmentFactory.create(), connected_app=ConnectedAppFactory.create()
    )

    with pytest.raises(ValidationError, match="another integration"):
        binding.clean()


def test_binding_to_an_environment_of_another_app_is_refused() -> None:
    binding = AppBindingFactory.create()
    binding.app_environment = AppEnvironmentFactory.create()

    with pytest.raises(ValidationError, match="another app"):
        binding.clean()


def test_binding_within_one_integration_and_app_is_clean() -> None:
    AppBindingFactory.create().clean()
