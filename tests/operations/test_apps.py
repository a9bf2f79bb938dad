from __future__ import annotations

from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import AlreadyExists, DefinitionError, InUse, NotFound, PermissionRefused
from integrations.operations import apps
from tests.scenes.scene import (
    SHOP,
    bound,
    everything_but,
    last_audit,
    make_app,
    make_integration,
    make_scene,
    person,
    put,
)

pytestmark = pytest.mark.django_db


def change(**changes: Any) -> models.App:
    return apps.update(tag="shop", changes=changes, by=SYSTEM)


def without(part: str, name: str, key: str = "tag") -> list[Any]:
    """Return that part of the stored app but for one."""
    listed = apps.fetch(tag="shop", by=SYSTEM).to_definition().to_compact_dict()[part]
    assert isinstance(listed, list)
    return [item for item in listed if isinstance(item, dict) and item[key] != name]


def test_create_stores_what_it_returns_and_writes_it_down() -> None:
    creator = person("add_app", "view_app")

    row = apps.create(values=SHOP, by=creator)

    assert row.to_definition() == apps.fetch(tag="shop", by=creator).to_definition()
    assert [action.tag for action in row.to_definition().actions] == ["get_order", "login"]
    audit = last_audit()
    assert (audit.action, audit.kind, audit.tag, audit.by, audit.integration) == ("add", "app", "shop", creator, None)


def test_create_again_returns_it_unchanged_or_raises() -> None:
    first = make_app()

    again = make_app({**SHOP, "app_name": "Another"})

    assert (again.pk, again.app_name) == (first.pk, "Shop")
    with pytest.raises(AlreadyExists):
        apps.create(values=SHOP, by=SYSTEM, throw_error_if_exists=True)
    assert models.AuditRecord.objects.count() == 1


def test_all_problems_come_at_once_and_nothing_is_stored() -> None:
    with pytest.raises(DefinitionError) as caught:
        make_app(
            {
                "app_name": "",
                "tag": "shop",
                "envs": [{"slug": "live", "base_url": "ftp://shop"}],
                "actions": [{"tag": "get", "method": "FETCH", "resource": "/"}],
            }
        )

    assert [problem.place for problem in caught.value.problems] == [
        "apps/shop/app_name",
        "apps/shop/envs[0]/base_url",
        "apps/shop/actions[0]/method",
    ]
    assert not models.App.objects.exists()


@pytest.mark.parametrize(
    ("part", "values", "change", "key"),
    [
        ("envs", {"slug": "stage", "base_url": "https://stage.example"}, {"active": False}, "slug"),
        ("actions", {"tag": "list", "method": "GET", "resource": "/orders"}, {"resource": "/v2/orders"}, "tag"),
        ("auths", {"tag": "other", "setup_type": "basic"}, {"name": "Other"}, "tag"),
        ("variables", {"key": "shard", "type": "number", "required": False}, {"maximum": 9}, "key"),
        ("constants", {"key": "limit", "value": 0}, {"value": False}, "key"),
        ("webhooks", {"tag": "paid"}, {"name": "Paid"}, "tag"),
    ],
)
def test_part_is_added_once_and_changed_by_its_name(
    part: apps.Part, values: dict[str, Any], change: dict[str, Any], key: str
) -> None:
    make_app()

    apps.put_part(tag="shop", part=part, values=values, by=SYSTEM)
    apps.put_part(tag="shop", part=part, values={**values, **change}, by=SYSTEM)
    unchanged = getattr(apps.fetch(tag="shop", by=SYSTEM).to_definition(), part)[-1].to_dict()
    row = apps.put_part(tag="shop", part=part, values=change, name=values[key], by=SYSTEM)

    assert values.items() <= unchanged.items()
    assert {**values, **change}.items() <= getattr(row.to_definition(), part)[-1].to_dict().items()
    assert last_audit().changes.keys() == {part}
    with pytest.raises(AlreadyExists, match="of app shop"):
        apps.put_part(tag="shop", part=part, values=values, by=SYSTEM, throw_error_if_exists=True)
    with pytest.raises(NotFound, match=f'of app shop "gone"; there are: .*"{values[key]}"'):
        apps.put_part(tag="shop", part=part, values=change, name="gone", by=SYSTEM)


def test_each_verb_takes_its_own_permission() -> None:
    row = make_app()

    with pytest.raises(PermissionRefused):
        apps.create(values=SHOP, by=person(*everything_but("add_app")))
    with pytest.raises(PermissionRefused):
        apps.fetch(tag="shop", by=person(*everything_but("view_app")))
    with pytest.raises(PermissionRefused):
        apps.fetch_all(by=person(*everything_but("view_app")))
    with pytest.raises(PermissionRefused):
        apps.update(tag="shop", changes={}, by=person(*everything_but("change_app")))
    with pytest.raises(PermissionRefused):
        apps.put_part(tag="shop", part="webhooks", values={"tag": "paid"}, by=person(*everything_but("change_app")))
    with pytest.raises(PermissionRefused):
        apps.delete(row=row, by=person(*everything_but("delete_app")))


def test_app_that_is_connected_is_neither_deleted_nor_renamed() -> None:
    row = make_app()
    put(make_integration(), "connected_apps", access_tag="shop")

    with pytest.raises(InUse, match="integrations/order_sync/connected_apps/shop"):
        apps.delete(row=row, by=SYSTEM)
    with pytest.raises(InUse):
        change(tag="store")

    assert models.App.objects.get().tag == "shop"


def test_app_that_nobody_uses_is_renamed_and_deleted() -> None:
    make_app()

    row = change(tag="store")
    assert row.tag == "store"
    apps.delete(row=row, by=SYSTEM)

    assert not models.App.objects.exists()
    assert (last_audit().action, last_audit().tag) == ("delete", "store")


def test_environment_that_is_bound_is_not_dropped() -> None:
    make_scene()

    with pytest.raises(DefinitionError) as caught:
        change(envs=without("envs", "live", "slug"))

    assert str(caught.value) == (
        'apps/shop/envs: the environment "live" is still bound (by integrations/order_sync/connected_apps/shop)'
    )
    change(envs=without("envs", "test", "slug"))


@pytest.mark.parametrize(
    ("part", "name", "key", "input", "place"),
    [
        ("actions", "get_order", "tag", {}, "event"),
        ("constants", "currency", "key", {"params": {"id": "$Constant{shop}{currency}"}}, "input/params/id"),
        ("variables", "region", "key", {"params": {"id": "$Variable{shop}{region}"}}, "input/params/id"),
        ("auths", "user_login", "tag", {"headers": {"X": "$Auth{user_login}{a}"}}, "input/headers/X"),
    ],
)
def test_part_that_a_feature_refers_to_is_not_dropped(
    part: str, name: str, key: str, input: dict[str, Any], place: str
) -> None:
    integration = make_scene()
    call = {"type": "action", "event": "get_order", "app": "shop", "input": {"params": {"id": "1"}, **input}}
    put(integration, "features", tag="uses", sequence=[{"sequence_tag": "s", "events": [call]}], output={})
    if part == "actions":
        models.Feature.objects.get(tag="look_up").delete()

    with pytest.raises(DefinitionError) as caught:
        change(**{part: without(part, name, key)})

    assert [problem.place for problem in caught.value.problems] == [
        f"integrations/order_sync/features/uses/sequence[0]/events[0]/{place}"
    ]
    models.Feature.objects.all().delete()
    change(**{part: without(part, name, key)})


def test_auth_that_a_binding_uses_is_not_dropped() -> None:
    make_app()
    integration = make_integration()
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    put(
        integration,
        "connected_apps",
        access_tag="shop",
        envs=[bound("dev", auth={"auth_tag": "key", "data": {"api_key": "hush"}})],
    )

    with pytest.raises(DefinitionError, match=r'connected_apps/shop/envs\[0\]/auth/auth_tag: unknown auth "key"'):
        change(auths=without("auths", "key"))


def test_what_was_wrong_already_does_not_keep_an_app_from_changing() -> None:
    integration = make_scene()
    models.Feature.objects.update(output={"order": "$Sequence{gone}{x}"})

    change(constants=without("constants", "currency", "key"))

    integration.refresh_from_db()
    assert apps.fetch(tag="shop", by=SYSTEM).to_definition().constants == ()


def test_change_of_an_app_counts_as_one_of_every_integration_that_uses_it() -> None:
    using, other = make_scene(), make_integration("Other")
    before = (using.revision, other.revision)

    change(description="The shop")

    using.refresh_from_db()
    other.refresh_from_db()
    assert using.revision > before[0]
    assert other.revision == before[1]
