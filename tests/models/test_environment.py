from __future__ import annotations

import pytest
from django.db import IntegrityError

from integrations.definitions.environment import Environment as EnvironmentDefinition
from integrations.models import Environment
from integrations.sealing import SealBroken
from tests.factories import AppBindingFactory, EnvironmentFactory

pytestmark = pytest.mark.django_db


def test_second_environment_of_the_same_slug_is_refused() -> None:
    environment = EnvironmentFactory.create(slug="prd")

    with pytest.raises(IntegrityError):
        EnvironmentFactory.create(integration=environment.integration, slug="prd")


def test_auth_is_opened_only_on_demand_and_its_shape_is_masked() -> None:
    environment = EnvironmentFactory.create()
    environment.set_auth({"headers": {"X-Key": "hush"}, "empty": ""})
    environment.save()

    stored = Environment.objects.get()

    assert stored.open_auth() == {"headers": {"X-Key": "hush"}, "empty": ""}
    assert stored.to_definition().auth == {"headers": {"X-Key": "[sealed]"}, "empty": ""}
    assert "hush" not in repr(vars(stored))


def test_auth_that_is_empty_is_kept_as_such() -> None:
    environment = EnvironmentFactory.create()

    environment.set_auth({})

    assert environment.sealed_auth.startswith("v1.")
    assert environment.open_auth() == {}


def test_auth_copied_from_another_environment_does_not_open() -> None:
    one, other = EnvironmentFactory.create_batch(2)
    one.set_auth({"token": "hush"})

    other.sealed_auth = one.sealed_auth

    with pytest.raises(SealBroken):
        other.open_auth()


def test_auth_still_opens_after_a_rename() -> None:
    environment = EnvironmentFactory.create(slug="stg")
    environment.set_auth({"token": "hush"})
    environment.slug = "prd"
    environment.save()

    assert Environment.objects.get(slug="prd").open_auth() == {"token": "hush"}


def test_definition_holds_the_bindings_from_the_side_of_the_environment() -> None:
    binding = AppBindingFactory.create(variables=[{"key": "zero", "value": 0}], auth_tag="login")

    definition = binding.environment.to_definition()

    assert definition == EnvironmentDefinition.parse(
        {
            "env_name": "Development",
            "slug": binding.environment.slug,
            "auth": {},
            "envs": [
                {
                    "access_tag": binding.connected_app.access_tag,
                    "app_env_slug": "live",
                    "variables": [{"key": "zero", "value": 0}],
                    "auth": {"auth_tag": "login"},
                }
            ],
        }
    )


def test_active_leaves_out_inactive_ones() -> None:
    EnvironmentFactory.create(active=False)

    assert not Environment.objects.active().exists()
