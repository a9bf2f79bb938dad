from __future__ import annotations

from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.definitions.secrecy import KEPT
from integrations.errors import DefinitionError, InUse
from integrations.operations import connected_apps, environments
from integrations.types import Json, JsonObject
from tests.factories.run import RunFactory
from tests.scenes.scene import last_audit, make_app, make_integration, put

pytestmark = pytest.mark.django_db

SHOP_KEY: JsonObject = {
    "access_tag": "shop",
    "app_env_slug": "live",
    "auth": {"auth_tag": "key", "data": {"api_key": "hush-hush"}},
}


@pytest.fixture
def integration() -> models.Integration:
    make_app()
    integration = make_integration()
    put(integration, "connected_apps", access_tag="shop")
    return integration


def make(integration: models.Integration, **fields: Any) -> models.Environment:
    row: models.Environment = put(
        integration, "environments", **{"env_name": "Development", "slug": "dev", "auth": {}, **fields}
    )
    return row


def change(integration: models.Integration, **changes: Json) -> models.Environment:
    return environments.update(integration=integration, tag="dev", changes=changes, by=SYSTEM)


def test_auth_is_sealed_kept_and_replaced(integration: models.Integration) -> None:
    row = make(integration, auth={"user": "ann", "password": "hush-hush"})
    assert environments.store.describe(row).auth == {"user": KEPT, "password": KEPT}
    assert "hush" not in str(last_audit().changes)

    row = change(integration, auth={"user": "ben", "password": KEPT})

    assert row.open_auth() == {"user": "ben", "password": "hush-hush"}
    assert change(integration, env_name="Renamed").open_auth() == {"user": "ben", "password": "hush-hush"}
    assert change(integration, auth={}).open_auth() == {}


def test_every_value_to_keep_that_is_not_stored_is_a_problem(integration: models.Integration) -> None:
    with pytest.raises(DefinitionError) as caught:
        make(
            integration,
            auth={"a": KEPT, "b": [KEPT]},
            envs=[{**SHOP_KEY, "auth": {"auth_tag": "key", "data": {"api_key": KEPT}}}],
        )

    assert [problem.place for problem in caught.value.problems] == [
        "environments/dev/auth/a",
        "environments/dev/auth/b[0]",
        "environments/dev/envs[0]/auth/data/api_key",
    ]
    assert not models.Environment.objects.exists()


def test_bindings_are_the_same_rows_from_either_side(integration: models.Integration) -> None:
    make(integration, envs=[SHOP_KEY])

    connected = connected_apps.fetch(integration=integration, tag="shop", by=SYSTEM)
    (binding,) = connected_apps.store.describe(connected).envs
    assert (binding.integration_env_slug, binding.app_env_slug) == ("dev", "live")
    assert binding.auth.data == {"api_key": KEPT}

    connected_apps.update(
        integration=integration,
        tag="shop",
        changes={
            "envs": [{"app_env_slug": "test", "integration_env_slug": "dev", "auth": {"data": {"api_key": KEPT}}}]
        },
        by=SYSTEM,
    )
    row = environments.fetch(integration=integration, tag="dev", by=SYSTEM)
    assert environments.store.describe(row).envs[0].app_env_slug == "test"
    assert models.AppBinding.objects.get().open_auth() == {"api_key": "hush-hush"}


def test_what_update_returns_and_writes_down_is_what_is_stored(integration: models.Integration) -> None:
    make(integration, envs=[SHOP_KEY])

    row = change(integration, envs=[])

    assert environments.store.describe(row).envs == ()
    assert last_audit().changes.keys() == {"envs"}
    assert last_audit().changes["envs"]["to"] == []


def test_update_of_something_else_keeps_the_bindings(integration: models.Integration) -> None:
    make(integration, envs=[SHOP_KEY])

    change(integration, description="Here we try things out", active=False)

    assert models.AppBinding.objects.get().open_auth() == {"api_key": "hush-hush"}


def test_renamed_environment_keeps_everything_that_names_it(integration: models.Integration) -> None:
    make(integration, envs=[SHOP_KEY])
    put(integration, "jobs", tag="nightly", env="dev")

    environments.update(integration=integration, tag="dev", changes={"slug": "stg"}, by=SYSTEM)

    assert models.Job.objects.get().to_definition().env == "stg"
    assert models.ConnectedApp.objects.get().to_definition().envs[0].integration_env_slug == "stg"


def test_environment_with_runs_is_not_deleted(integration: models.Integration) -> None:
    row = make(integration)
    RunFactory.create(integration=integration, environment=row, feature_version__feature__integration=integration)

    with pytest.raises(InUse, match='environment "dev" is used in: 1 runs in its history'):
        environments.delete(row=row, by=SYSTEM)
