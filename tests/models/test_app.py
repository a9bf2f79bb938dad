from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import ProtectedError
from pytest_django import DjangoAssertNumQueries

from integrations.definitions.app import App as AppDefinition
from integrations.models import App, AppAction
from tests.factories import AppBindingFactory, AppEnvironmentFactory, AppFactory

pytestmark = pytest.mark.django_db

SHOP: dict[str, Any] = {
    "app_name": "Shop",
    "tag": "shop",
    "status": "public",
    "envs": [
        {"slug": "live", "base_url": "https://shop.example.com", "allowed_hosts": ["*.example.com"]},
        {"slug": "test", "base_url": "https://test.example.com", "active": False, "request_type": "xml"},
    ],
    "actions": [
        {
            "tag": "login",
            "method": "POST",
            "resource": "/login",
            "body": [{"key": "user", "type": "string"}],
            "responses": [{"status_code": 200, "sample": {"z": 1, "a": 0}}],
        },
        {
            "tag": "get",
            "method": "GET",
            "resource": "/{id}",
            "params": [{"key": "id", "type": "number"}],
            "idempotent": False,
        },
        {"tag": "put", "method": "PUT", "resource": "/", "body": {"type": "object"}, "request_type": "form"},
    ],
    "auths": [
        {"tag": "user_login", "setup_type": "credential_access", "action_tag": "login", "expiry": 2, "period": "hours"},
        {
            "tag": "oauth",
            "setup_type": "oauth2_refresh_token",
            "token_url": "https://a.example.com/",
            "scopes": ["b", "a"],
        },
    ],
    "variables": [{"key": "region", "type": "string", "enum": ["eu", "us"], "defaultValue": "eu", "required": False}],
    "constants": [{"key": "zero", "value": 0}, {"key": "no", "value": False}],
    "retries": {"max": 2, "policy": {"503": {"available": 1}}},
    "webhooks": [{"tag": "paid", "sample": {"b": 1, "a": 2}}],
}


def _stored(values: dict[str, Any]) -> App:
    app = App.objects.filter(tag=values["tag"]).first() or App()
    definition = AppDefinition.parse(values)
    app.apply(definition)
    app.save()
    app.apply_parts(definition)
    return app


def test_apply_save_and_load_returns_the_same_definition(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    _stored(SHOP)

    with django_assert_num_queries(7):
        loaded = App.objects.with_definition().get().to_definition()

    assert loaded == AppDefinition.parse(SHOP)
    assert repr(loaded.to_compact_dict()) == repr(AppDefinition.parse(SHOP).to_compact_dict())


def test_apply_parts_again_keeps_rows_of_the_same_key_and_follows_the_order() -> None:
    ids = {action.tag: action.pk for action in _stored(SHOP).actions.all()}
    login, get, _ = SHOP["actions"]
    new = {"tag": "new", "method": "GET", "resource": "/"}

    app = _stored({**SHOP, "actions": [new, {**get, "resource": "/v2/{id}"}, login]})

    actions = list(app.actions.order_by("position"))
    assert [action.tag for action in actions] == ["new", "get", "login"]
    assert [action.pk for action in actions[1:]] == [ids["get"], ids["login"]]
    assert actions[1].resource == "/v2/{id}"


def test_apply_parts_forgets_what_was_prefetched() -> None:
    _stored(SHOP)
    app = App.objects.with_definition().get()

    app.apply_parts(AppDefinition.parse({**SHOP, "webhooks": []}))

    assert app.to_definition().webhooks == ()


def test_apply_parts_without_an_environment_that_is_bound_is_refused() -> None:
    binding = AppBindingFactory.create()
    app = binding.connected_app.app

    with pytest.raises(ProtectedError):
        app.apply_parts(app.to_definition().changed({"envs": []}))


def test_delete_of_a_connected_app_is_refused() -> None:
    binding = AppBindingFactory.create()

    with pytest.raises(ProtectedError):
        binding.connected_app.app.delete()


def test_second_part_of_the_same_key_is_refused() -> None:
    environment = AppEnvironmentFactory.create(slug="live")

    with pytest.raises(IntegrityError):
        AppEnvironmentFactory.create(app=environment.app, slug="live")


def test_parts_of_other_apps_stay() -> None:
    _stored(SHOP)

    _stored({**SHOP, "tag": "other", "actions": [], "auths": []})

    assert AppAction.objects.filter(app__tag="shop").count() == 3


def test_touch_counts_up() -> None:
    app = AppFactory.create()

    app.touch()

    assert app.revision == 2
