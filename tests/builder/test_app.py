from __future__ import annotations

from typing import Any

import pytest

from integrations.builder import Ductape
from integrations.builder.app import AppBuilder
from integrations.errors import AlreadyExists, DefinitionError, NotFound, OperationRefused
from tests.scenes.scene import SHOP as SHOP_JSON

SHOP: dict[str, Any] = SHOP_JSON


@pytest.fixture
def app(ductape: Ductape) -> AppBuilder:
    """A builder that is open on an app without parts."""
    app = ductape.get_app_builder()
    app.create_app(app_name="Shop", tag="shop")
    return app


PARTS: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    ("env", "fetch_envs", "slug", {"slug": "live", "base_url": "https://shop.example"}, {"active": False}),
    ("action", "fetch_actions", "tag", {"tag": "list", "method": "GET", "resource": "/orders"}, {"method": "HEAD"}),
    ("auth", "fetch_auths", "tag", {"tag": "key", "setup_type": "api_key"}, {"placement": "query"}),
    ("variable", "fetch_variables", "key", {"key": "region", "type": "string"}, {"maxLength": 2}),
    ("constant", "fetch_constants", "key", {"key": "limit", "value": 0}, {"value": False}),
]
each_part = pytest.mark.parametrize(
    ("part", "all_of", "key", "values", "change"), PARTS, ids=[part[0] for part in PARTS]
)


@each_part
def test_part_is_created_updated_renamed_and_fetched(
    part: str, all_of: str, key: str, values: dict[str, Any], change: dict[str, Any], app: AppBuilder
) -> None:
    name = values[key]

    created = getattr(app, f"create_{part}")(**values)
    updated = getattr(app, f"update_{part}")(name, **change)
    renamed = getattr(app, f"update_{part}")(name, **{key: "other"})

    assert values.items() <= created.to_dict().items()
    assert {**values, **change}.items() <= updated.to_dict().items()
    assert {**values, **change, key: "other"}.items() <= renamed.to_dict().items()
    assert getattr(app, f"fetch_{part}")("other") == renamed
    assert getattr(app, all_of)() == [renamed]
    with pytest.raises(NotFound, match=f'"{name}"; there are: "other"'):
        getattr(app, f"fetch_{part}")(name)
    with pytest.raises(NotFound):
        getattr(app, f"update_{part}")(name, **change)


@each_part
def test_part_that_exists_comes_back_unchanged_or_raises(
    part: str, all_of: str, key: str, values: dict[str, Any], change: dict[str, Any], app: AppBuilder
) -> None:
    first = getattr(app, f"create_{part}")(**values)

    assert getattr(app, f"create_{part}")(**{**values, **change}) == first
    with pytest.raises(AlreadyExists, match=values[key]):
        getattr(app, f"create_{part}")(**values, throw_error_if_exists=True)


@each_part
def test_part_that_is_wrong_is_refused_at_its_place(
    part: str, all_of: str, key: str, values: dict[str, Any], change: dict[str, Any], app: AppBuilder
) -> None:
    with pytest.raises(DefinitionError) as caught:
        getattr(app, f"create_{part}")(**values, colour="red")

    assert caught.value.problems[0].place.startswith("apps/shop/")
    assert getattr(app, all_of)() == []


def test_variable_without_a_key_gets_one_by_its_position(app: AppBuilder) -> None:
    app.create_variable(key="region", type="string")

    assert app.create_variable(type="string").key == "arg2"


def test_update_app_sets_the_retries(app: AppBuilder) -> None:
    updated = app.update_app(
        retries={"max": 3, "policy": {"429": {"available": 5, "lag": 100}, "5xx": {"available": 0}}}
    )

    assert updated.retries.max == 3
    assert updated.retries.for_status(429).lag == 100  # type: ignore[union-attr]
    assert updated.retries.for_status(503).available == 0  # type: ignore[union-attr]
    assert app.fetch_app() == updated


def test_app_is_opened_by_its_tag_and_followed_when_that_changes(ductape: Ductape, app: AppBuilder) -> None:
    app.update_app(tag="store")

    assert app.fetch_app().tag == "store"
    assert ductape.get_app_builder("store").fetch_app() == app.fetch_app()
    with pytest.raises(NotFound, match='there is no app "shop"; there are: "store"'):
        ductape.get_app_builder("shop")


def test_what_was_fetched_makes_the_same_app_again(ductape: Ductape) -> None:
    app = ductape.get_app_builder()
    plain: dict[str, Any] = app.create_app(**SHOP).to_dict()

    assert app.create_app(**{**plain, "tag": "other"}).to_dict() == {**plain, "tag": "other"}
    assert app.update_app(**{**plain, "tag": "third"}).to_dict() == {**plain, "tag": "third"}


def test_app_that_exists_comes_back_unchanged_or_raises(ductape: Ductape) -> None:
    app = ductape.get_app_builder()
    first = app.create_app(**SHOP)

    assert app.create_app(**{**SHOP, "app_name": "Another"}) == first
    with pytest.raises(AlreadyExists):
        app.create_app(**SHOP, throw_error_if_exists=True)


def test_builder_without_an_app_says_what_to_do(ductape: Ductape) -> None:
    with pytest.raises(OperationRefused, match="call create_app or initialize_app_by_tag first"):
        ductape.get_app_builder().fetch_actions()
