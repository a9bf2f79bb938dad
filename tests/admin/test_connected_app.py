"""The page of a connected app: first the app, then what it is bound to in each environment."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import apps
from tests.admin import pages
from tests.admin.test_app import ORDERS
from tests.factories import AppEnvironmentFactory, EnvironmentFactory

LOGIN = '{"user": "ada"}'


@pytest.fixture
def connected(integration: models.Integration) -> models.ConnectedApp:
    app = apps.save(row=models.App(), definition=ORDERS, by=SYSTEM)
    for slug in ("dev", "prd"):
        EnvironmentFactory.create(integration=integration, slug=slug)
    return models.ConnectedApp.objects.create(integration=integration, app=app, access_tag="orders")


def bind(connected: models.ConnectedApp, *, row: int = 0, **values: Any) -> dict[str, str]:
    """Return the boxes of one row, bound to the app's only environment."""
    live = str(connected.app.environments.get().pk)
    boxes = {"app_environment": live, "auth_tag": "user_login", "auth_data": LOGIN, "variable_region": "eu", **values}
    return {f"bindings-{row}-{name}": value for name, value in boxes.items()}


def test_connected_app_added_goes_on_to_its_bindings(
    page: Client, integration: models.Integration, connected: models.ConnectedApp
) -> None:
    boxes = {"integration": integration.pk, "app": connected.app_id, "access_tag": "orders:second"}

    response = pages.send(page, pages.add_url(models.ConnectedApp), **boxes)

    added = models.ConnectedApp.objects.get(access_tag="orders:second")
    assert response.headers["Location"] == pages.change_url(added)


def test_each_environment_without_a_binding_has_a_row(page: Client, connected: models.ConnectedApp) -> None:
    boxes = pages.filled_in(page, pages.change_url(connected))

    environments = connected.integration.environments.order_by("slug")
    assert [boxes[f"bindings-{row}-environment"] for row in range(2)] == [each.pk for each in environments]


def test_row_filled_in_binds_its_environment_only(page: Client, connected: models.ConnectedApp) -> None:
    response = pages.send(page, pages.change_url(connected), **bind(connected, row=1))

    assert response.status_code == 302, pages.errors(response)
    binding = connected.bindings.get()
    assert (binding.environment.slug, binding.app_environment.slug, binding.auth_tag) == ("prd", "live", "user_login")
    assert binding.variables == [{"key": "region", "value": "eu"}]
    assert binding.open_auth() == {"user": "ada"}


def test_binding_removed_is_gone(page: Client, connected: models.ConnectedApp) -> None:
    pages.send(page, pages.change_url(connected), **bind(connected))

    pages.send(page, pages.change_url(connected), **{"bindings-0-DELETE": "on"})

    assert not connected.bindings.exists()


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"variable_region": "mars"}, {"bindings-0-variable_region", "bindings-0-auth_data"}),
        ({"auth_data": '{"usr": "ada"}'}, {"bindings-0-auth_data"}),
        ({"app_environment": ""}, {"bindings-0-app_environment", "bindings-0-auth_data"}),
        ({"auth_tag": "none_such"}, {"bindings-0-auth_tag", "bindings-0-auth_data"}),
    ],
)
def test_problem_of_a_binding_is_shown_in_its_row(
    page: Client, connected: models.ConnectedApp, values: dict[str, Any], wrong: set[str]
) -> None:
    response = pages.send(page, pages.change_url(connected), **bind(connected, **values))

    assert set(pages.errors(response)) == wrong, pages.errors(response)
    assert not connected.bindings.exists()


def test_environments_of_others_and_of_other_apps_are_refused(page: Client, connected: models.ConnectedApp) -> None:
    boxes = bind(
        connected,
        environment=str(EnvironmentFactory.create().pk),
        app_environment=str(AppEnvironmentFactory.create().pk),
    )

    response = pages.send(page, pages.change_url(connected), **boxes)

    assert {"bindings-0-environment", "bindings-0-app_environment"} <= set(pages.errors(response))


def test_environment_changed_keeps_its_bindings(page: Client, connected: models.ConnectedApp) -> None:
    pages.send(page, pages.change_url(connected), **bind(connected))
    environment = connected.integration.environments.get(slug="dev")

    response = pages.send(page, pages.change_url(environment), description="For trying things")

    assert response.status_code == 302, pages.errors(response)
    assert connected.bindings.get().open_auth() == {"user": "ada"}
