"""The app page: one form with tabs for its parts, checked and saved as one definition."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from integrations import models
from integrations.actors import SYSTEM
from integrations.definitions.app import App
from integrations.operations import apps
from tests.admin import pages
from tests.factories import AppBindingFactory, ConnectedAppFactory

ORDERS = App.parse(
    {
        "app_name": "Orders",
        "tag": "orders",
        "envs": [{"slug": "live", "base_url": "https://orders.example.com"}],
        "actions": [
            {"tag": "login", "method": "POST", "resource": "/login", "body": [{"key": "user", "type": "string"}]},
            {"tag": "get_order", "method": "GET", "resource": "/orders/:id"},
        ],
        "auths": [{"tag": "user_login", "setup_type": "credential_access", "action_tag": "login"}],
        "variables": [{"key": "region", "type": "string", "enum": ["eu", "us"], "defaultValue": "eu"}],
        "constants": [{"key": "currency", "value": "EUR"}, {"key": "empty", "value": ""}],
        "webhooks": [{"tag": "paid", "sample": {"id": 1}}],
        "retries": {"max": 2},
    }
)


@pytest.fixture
def app(db: None) -> models.App:
    return apps.save(row=models.App(), definition=ORDERS, by=SYSTEM)


def stored(app: models.App) -> App:
    return models.App.objects.with_definition().get(pk=app.pk).to_definition()


def test_app_sent_back_as_it_is_stays_the_same(page: Client, app: models.App) -> None:
    response = pages.send(page, pages.change_url(app))

    assert response.status_code == 302, pages.errors(response)
    assert stored(app) == ORDERS


def test_parts_changed_added_and_removed_are_saved_together(page: Client, app: models.App) -> None:
    boxes = {
        **new_row(page, app, "environments", 1, slug="sandbox", base_url="https://sandbox.example.com"),
        "app_name": "Order service",
        "actions-1-resource": "/v2/orders/{id}",
        "constants-1-DELETE": "on",
    }

    response = page.post(pages.change_url(app), boxes)

    assert response.status_code == 302, pages.errors(response)
    definition = stored(app)
    assert definition.app_name == "Order service"
    assert definition.actions[1].resource == "/v2/orders/{id}"
    assert [env.slug for env in definition.envs] == ["live", "sandbox"]
    assert [constant.key for constant in definition.constants] == ["currency"]


def test_app_added_with_its_parts_is_saved_at_once(page: Client) -> None:
    boxes = pages.filled_in(page, pages.add_url(models.App), app_name="Rates", tag="rates")
    row = {"slug": "live", "base_url": "https://rates.example.com", "request_type": "json", "active": "on"}
    boxes |= {"environments-TOTAL_FORMS": "1"} | {f"environments-0-{name}": value for name, value in row.items()}

    response = page.post(pages.add_url(models.App), boxes)

    assert response.status_code == 302, pages.errors(response)
    assert stored(models.App.objects.get()).envs[0].base_url == "https://rates.example.com"


@pytest.mark.parametrize(
    ("boxes", "wrong"),
    [
        (
            {"actions-1-params": '[{"key": "no", "type": "string"}]', "environments-0-base_url": "ftp://x"},
            {"environments-0-base_url"},
        ),
        ({"actions-1-params": '[{"key": "no", "type": "string"}]'}, {"actions-1-resource"}),
        ({"actions-0-body": "{", "auths-0-expiry": "0", "tag": "a b"}, {"actions-0-body", "auths-0-expiry", "tag"}),
        ({"auths-0-tokens": '{"header": []}'}, {"auths-0-tokens"}),
        ({"variables-0-rules": '{"min": 3}', "constants-0-value": ""}, {"variables-0-rules", "constants-0-value"}),
        ({"actions-0-DELETE": "on"}, {"auths-0-action_tag"}),
    ],
)
def test_problem_of_a_part_is_shown_in_its_row(
    page: Client, app: models.App, boxes: dict[str, str], wrong: set[str]
) -> None:
    response = pages.send(page, pages.change_url(app), **boxes)

    assert set(pages.errors(response)) == wrong, pages.errors(response)
    assert stored(app) == ORDERS


def test_environment_that_is_bound_is_not_removed(page: Client, app: models.App) -> None:
    AppBindingFactory.create(connected_app__app=app, app_environment=app.environments.get())

    response = pages.send(page, pages.change_url(app), **{"environments-0-DELETE": "on"})

    assert 'the environment "live" is still bound' in pages.errors(response)[""][0]


def test_app_that_is_connected_is_not_deleted_and_the_page_says_where(page: Client, app: models.App) -> None:
    connected = ConnectedAppFactory.create(app=app)

    response = page.post(pages.delete_url(app), {"post": "yes"})

    assert f"integrations/{connected.integration.tag}/connected_apps/orders" in pages.text(response)
    assert models.App.objects.filter(pk=app.pk).exists()


def test_app_that_is_connected_is_not_renamed(page: Client, app: models.App) -> None:
    ConnectedAppFactory.create(app=app)

    response = pages.send(page, pages.change_url(app), tag="orders2")

    assert 'app "orders" is used in' in pages.errors(response)[""][0]


def new_row(page: Client, app: models.App, prefix: str, index: int, **values: str) -> dict[str, Any]:
    """Return the whole form with one more row, as the “Add another” link makes it."""
    boxes = pages.filled_in(page, pages.change_url(app))
    row = {"request_type": "json", "active": "on", "allowed_hosts": "", **values, "app": app.pk, "id": ""}
    return {
        **boxes,
        f"{prefix}-TOTAL_FORMS": str(index + 1),
        **{f"{prefix}-{index}-{name}": value for name, value in row.items()},
    }
