from __future__ import annotations

from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.definitions.secrecy import KEPT
from integrations.errors import DefinitionError, InUse, NotFound
from integrations.operations import apps, connected_apps, environments, secrets
from integrations.types import Json, JsonObject
from tests.scenes.scene import SHOP, bound, last_audit, make_app, make_integration, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration() -> models.Integration:
    """It has the environment `dev`; the catalogue has `shop`, `shop:eu` and `depot`."""
    for tag in ("shop", "shop:eu", "depot"):
        make_app({**SHOP, "tag": tag})
    integration = make_integration()
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    return integration


def with_key(data: Any, **fields: Any) -> JsonObject:
    return bound("dev", auth={"auth_tag": "key", "data": data}, **fields)


def connect(integration: models.Integration, *envs: JsonObject) -> models.ConnectedApp:
    row: models.ConnectedApp = put(integration, "connected_apps", access_tag="shop", envs=[*envs])
    return row


def change(integration: models.Integration, *envs: JsonObject) -> models.ConnectedApp:
    return connected_apps.update(integration=integration, tag="shop", changes={"envs": [*envs]}, by=SYSTEM)


def opened() -> Any:
    return models.AppBinding.objects.get().open_auth()


@pytest.mark.parametrize(
    ("access_tag", "app_tag"),
    [("shop", "shop"), ("shop:eu", "shop:eu"), ("shop:eu:2", "shop:eu"), ("shop:us", "shop"), ("depot:a:b:c", "depot")],
)
def test_access_tag_means_the_most_specific_app(access_tag: str, app_tag: str, integration: models.Integration) -> None:
    row = put(integration, "connected_apps", access_tag=access_tag)

    assert row.app.tag == app_tag
    assert connected_apps.store.describe(row).app_tag == app_tag


def test_app_may_be_named_beside_a_free_access_tag(integration: models.Integration) -> None:
    assert put(integration, "connected_apps", access_tag="warehouse", app_tag="depot").app.tag == "depot"


@pytest.mark.parametrize("values", [{"access_tag": "shp"}, {"access_tag": "shop", "app_tag": "gone"}])
def test_app_that_is_not_there_is_refused_with_what_is(values: Any, integration: models.Integration) -> None:
    with pytest.raises(DefinitionError, match=r"no app has this tag .*depot, shop, shop:eu"):
        put(integration, "connected_apps", **values)


def test_access_tags_are_made_until_one_is_free(integration: models.Integration) -> None:
    made = []
    for _ in range(3):
        tag = connected_apps.create_access_tag(integration=integration, app_tag="shop", by=SYSTEM)
        put(integration, "connected_apps", access_tag=tag, app_tag="shop")
        made.append(tag)

    assert made == ["shop", "shop:2", "shop:3"]
    with pytest.raises(NotFound, match='there is no app "gone"'):
        connected_apps.create_access_tag(integration=integration, app_tag="gone", by=SYSTEM)


def test_access_tag_of_a_very_long_app_tag_is_still_a_tag(integration: models.Integration) -> None:
    tag = "a" * 64
    make_app({"app_name": "Long", "tag": tag})
    put(integration, "connected_apps", access_tag=tag)

    made = connected_apps.create_access_tag(integration=integration, app_tag=tag, by=SYSTEM)

    assert put(integration, "connected_apps", access_tag=made, app_tag=tag).app.tag == tag


def test_auth_data_is_sealed_and_shown_by_its_shape_only(integration: models.Integration) -> None:
    row = connect(integration, with_key({"headers": {"X-Api-Key": "hush-hush"}, "query": {}}))

    binding = connected_apps.store.describe(row).envs[0]
    assert binding.auth.data == {"headers": {"X-Api-Key": KEPT}, "query": {}}
    assert opened() == {"headers": {"X-Api-Key": "hush-hush"}, "query": {}}
    assert "hush" not in str(last_audit().changes)
    assert "hush" not in models.AppBinding.objects.get().sealed_auth


def test_sealed_value_is_kept_when_it_is_passed_back_and_replaced_when_it_is_new(
    integration: models.Integration,
) -> None:
    connect(integration, with_key({"api_key": "first", "more": "other"}))

    change(integration, with_key({"api_key": KEPT, "more": "another"}))
    assert opened() == {"api_key": "first", "more": "another"}

    change(integration, with_key({"api_key": "second"}))
    assert opened() == {"api_key": "second"}


def test_what_update_returns_and_writes_down_is_what_is_stored(integration: models.Integration) -> None:
    connect(integration, with_key({"api_key": "first"}))

    row = change(integration, bound("dev", to="test", auth={"auth_tag": "key", "data": {"api_key": "x", "more": "y"}}))

    described = connected_apps.store.describe(row)
    assert described == connected_apps.store.describe(
        connected_apps.fetch(integration=integration, tag="shop", by=SYSTEM)
    )
    assert described.envs[0].app_env_slug == "test"
    assert last_audit().changes["envs"]["to"] == described.to_dict()["envs"]


def test_every_value_to_keep_that_is_not_stored_is_a_problem(integration: models.Integration) -> None:
    put(integration, "environments", env_name="Production", slug="prd", auth={})
    connect(integration, with_key({"api_key": "first"}))

    with pytest.raises(DefinitionError) as caught:
        change(
            integration,
            with_key({"api_key": KEPT, "more": KEPT}, to="gone"),
            bound("prd", auth={"auth_tag": "key", "data": {"api_key": KEPT}}),
        )

    assert [problem.place for problem in caught.value.problems] == [
        "connected_apps/shop/envs[0]/app_env_slug",
        "connected_apps/shop/envs[0]/auth/data/more",
        "connected_apps/shop/envs[1]/auth/data/api_key",
    ]
    assert opened() == {"api_key": "first"}


def test_binding_that_is_left_out_is_gone_with_what_it_kept(integration: models.Integration) -> None:
    connect(integration, with_key({"api_key": "first"}))

    row = change(integration)

    assert connected_apps.store.describe(row).envs == ()
    assert not models.AppBinding.objects.exists()
    with pytest.raises(DefinitionError, match="no stored secret"):
        change(integration, with_key({"api_key": KEPT}))


def test_other_fields_change_without_touching_what_is_sealed(integration: models.Integration) -> None:
    connect(integration, with_key({"api_key": "first"}))

    connected_apps.update(integration=integration, tag="shop", changes={"access_tag": "store"}, by=SYSTEM)

    assert models.ConnectedApp.objects.get().app.tag == "shop"
    assert opened() == {"api_key": "first"}


def test_text_is_auth_data_too(integration: models.Integration) -> None:
    row = connect(integration, with_key("data details"))

    assert connected_apps.store.describe(row).envs[0].auth.data == KEPT
    assert opened() == "data details"


def test_empty_auth_data_is_a_value_and_none_takes_that_of_the_environment(integration: models.Integration) -> None:
    token: JsonObject = {"type": "string", "required": False}
    optional: JsonObject = {"tag": "optional", "setup_type": "token_access", "tokens": {"headers": {"X-Token": token}}}
    apps.put_part(tag="shop", part="auths", values=optional, by=SYSTEM)

    connect(integration, bound("dev", auth={"auth_tag": "optional", "data": {}}))
    assert opened() == {}

    change(integration, bound("dev", auth={"auth_tag": "optional", "data": None}))
    assert opened() is None


@pytest.mark.parametrize("data", [{}, None, {"key": "hush-hush"}])
def test_auth_without_what_it_needs_is_refused(data: Json, integration: models.Integration) -> None:
    with pytest.raises(DefinitionError) as caught:
        connect(integration, with_key(data))

    assert [str(problem) for problem in caught.value.problems] == [
        'connected_apps/shop/envs[0]/auth/data/X-Api-Key: "X-Api-Key" is required'
    ]


def test_auth_takes_what_it_needs_from_the_environment(integration: models.Integration) -> None:
    environments.update(integration=integration, tag="dev", changes={"auth": {"X-Api-Key": "hush-hush"}}, by=SYSTEM)

    assert connect(integration, with_key(None)).pk


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("$Secret{api_pww}", 'unknown secret "api_pww" (did you mean "api_pw"?)'),
        (
            "$Secret{elsewhere}",
            'the secret "elsewhere" has no value in environment "dev"'
            " (give it one there, or one for every environment)",
        ),
        (
            "Key $Secret{api_pw}",
            "a reference within a text is not read here"
            " (write $Secret{key} alone; what stands around it goes into the field's decorator)",
        ),
    ],
)
def test_reference_to_a_secret_is_checked_in_a_binding(
    value: str, problem: str, integration: models.Integration
) -> None:
    other = put(integration, "environments", env_name="Production", slug="prd", auth={})
    secrets.put(integration=integration, key="api_pw", value="hush-hush", by=SYSTEM)
    secrets.put(integration=integration, key="elsewhere", value="hush-hush", environment=other, by=SYSTEM)

    with pytest.raises(DefinitionError) as caught:
        connect(integration, with_key({"X-Api-Key": value}))
    with pytest.raises(DefinitionError) as default:
        environments.update(integration=integration, tag="dev", changes={"auth": {"key": value}}, by=SYSTEM)

    assert [str(each) for each in caught.value.problems] == [
        f"connected_apps/shop/envs[0]/auth/data/X-Api-Key: {problem}"
    ]
    assert [str(each) for each in default.value.problems] == [f"environments/dev/auth/key: {problem}"]


def test_binding_shows_which_secret_it_names(integration: models.Integration) -> None:
    secrets.put(integration=integration, key="api_pw", value="hush-hush", by=SYSTEM)

    connected = connect(integration, with_key({"X-Api-Key": "$Secret{api_pw}"}))

    assert connected.to_definition().envs[0].auth.data == {"X-Api-Key": "$Secret{api_pw}"}


def test_secret_that_a_binding_names_is_not_deleted(integration: models.Integration) -> None:
    production = put(integration, "environments", env_name="Production", slug="prd", auth={})
    for_all = secrets.put(integration=integration, key="api_pw", value="hush-hush", by=SYSTEM)
    for_production = secrets.put(
        integration=integration, key="api_pw", value="hush-prd", environment=production, by=SYSTEM
    )
    connect(integration, with_key({"X-Api-Key": "$Secret{api_pw}"}))

    with pytest.raises(InUse) as caught:
        secrets.delete(row=for_all, by=SYSTEM)

    assert caught.value.places == ("connected_apps/shop/envs[0]/auth/data/X-Api-Key",)
    secrets.delete(row=for_production, by=SYSTEM)


def test_variables_are_checked_against_the_app(integration: models.Integration) -> None:
    with pytest.raises(DefinitionError) as caught:
        connect(
            integration,
            bound("dev", variables=[{"key": "region", "value": 7}, {"key": "regoin", "value": "eu"}]),
        )

    assert [str(problem) for problem in caught.value.problems] == [
        "connected_apps/shop/envs[0]/variables[0]/value: should be text",
        'connected_apps/shop/envs[0]/variables[1]/key: unknown variable "regoin" (did you mean "region"?)',
    ]
