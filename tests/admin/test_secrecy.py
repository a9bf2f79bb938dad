"""No secret reaches a page: not a stored one, not one just typed, not in an error."""

from __future__ import annotations

import pytest
from django.test import Client

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import secrets
from tests.admin import pages
from tests.factories import (
    AppBindingFactory,
    DatabaseFactory,
    EnvironmentFactory,
    NotificationFactory,
    SecretFactory,
)

SECRET = "hunter2-stored"
TYPED = "hunter3-typed"


@pytest.fixture
def environment(integration: models.Integration) -> models.Environment:
    row = EnvironmentFactory.build(integration=integration, slug="dev")
    row.set_auth({"headers": {"X-Api-Key": SECRET}})
    row.save()
    return row


@pytest.fixture
def binding(environment: models.Environment) -> models.AppBinding:
    row = AppBindingFactory.build(
        connected_app__integration=environment.integration, environment=environment, app_environment=None
    )
    row.connected_app.app.save()
    row.connected_app.save()
    row.app_environment = row.connected_app.app.environments.create(slug="live", base_url="https://api.example.com")
    row.connected_app = row.connected_app
    row.set_auth({"headers": {"X-Api-Key": SECRET}})
    row.save()
    return row


def test_environment_shows_the_names_of_its_auth_only(page: Client, environment: models.Environment) -> None:
    shown = pages.text(page.get(pages.change_url(environment)))

    assert SECRET not in shown
    assert '"X-Api-Key": "[sealed]"' in shown


def test_environment_sent_back_masked_keeps_its_auth(page: Client, environment: models.Environment) -> None:
    pages.send(page, pages.change_url(environment), description="Changed")

    environment.refresh_from_db()
    assert environment.open_auth() == {"headers": {"X-Api-Key": SECRET}}


def test_environment_given_another_auth_stores_it(page: Client, environment: models.Environment) -> None:
    auth = f'{{"headers": {{"X-Api-Key": "{TYPED}", "X-User": "[sealed]"}}}}'
    pages.send(page, pages.change_url(environment), auth=auth.replace(', "X-User": "[sealed]"', ""))

    environment.refresh_from_db()
    assert environment.open_auth() == {"headers": {"X-Api-Key": TYPED}}


def test_environment_asked_to_keep_what_is_not_there_is_refused(page: Client, environment: models.Environment) -> None:
    response = pages.send(page, pages.change_url(environment), auth='{"headers": {"X-Other": "[sealed]"}}')

    assert "there is no stored secret to keep here" in " ".join(pages.errors(response)["auth"])


def test_environment_with_an_error_gives_no_typed_auth_back(page: Client, environment: models.Environment) -> None:
    response = pages.send(page, pages.change_url(environment), slug="?", auth=f'{{"key": "{TYPED}"}}')

    assert TYPED not in pages.text(response)
    assert "type it again" in pages.errors(response)["auth"][0]


def test_environment_with_broken_auth_gives_no_typed_auth_back(page: Client, environment: models.Environment) -> None:
    response = pages.send(page, pages.change_url(environment), auth=f'{{"key": "{TYPED}", }}')

    assert TYPED not in pages.text(response)
    assert "auth" in pages.errors(response)


def test_binding_shows_and_keeps_its_auth_data(page: Client, binding: models.AppBinding) -> None:
    url = pages.change_url(binding.connected_app)
    assert SECRET not in pages.text(page.get(url))

    response = pages.send(page, url)

    assert response.status_code == 302, pages.errors(response)
    binding.refresh_from_db()
    assert binding.open_auth() == {"headers": {"X-Api-Key": SECRET}}


def test_binding_with_an_error_gives_no_typed_data_back(page: Client, binding: models.AppBinding) -> None:
    url = pages.change_url(binding.connected_app)

    response = pages.send(page, url, **{"access_tag": "?", "bindings-0-auth_data": f'{{"a": "{TYPED}"}}'})

    assert TYPED not in pages.text(response)
    assert "bindings-0-auth_data" in pages.errors(response)


def test_database_url_typed_is_sealed_and_never_shown(page: Client, environment: models.Environment) -> None:
    row = DatabaseFactory.create(integration=environment.integration)
    url = pages.change_url(row)
    typed = f"postgresql://app:{SECRET}@db/orders"

    pages.send(page, url, **{"environments-0-connection_url": typed})
    pages.send(page, url, name="Orders")
    response = pages.send(page, url, **{"tag": "?", "environments-0-connection_url": f"postgresql://{TYPED}@db"})

    assert row.environments.get().take() == typed
    assert SECRET not in pages.text(page.get(url))
    assert TYPED not in pages.text(response)


def test_notification_settings_typed_are_sealed_and_never_shown(page: Client, environment: models.Environment) -> None:
    row = NotificationFactory.create(integration=environment.integration)
    url = pages.change_url(row)

    pages.send(page, url, **{"environments-0-settings": f'{{"sms": {{"token": "{SECRET}"}}}}'})
    pages.send(page, url, name="Paid")
    response = pages.send(page, url, **{"tag": "?", "environments-0-settings": f'{{"sms": {{"token": "{TYPED}"}}}}'})

    assert row.environments.get().take() == {"sms": {"token": SECRET}}
    assert SECRET not in pages.text(page.get(url))
    assert TYPED not in pages.text(response)


def test_secret_typed_is_stored_and_never_shown(page: Client, integration: models.Integration) -> None:
    boxes = {"integration": integration.pk, "key": "api_key", "value": SECRET, "description": "Opens the shop"}

    pages.send(page, pages.add_url(models.Secret), **boxes)

    row = models.Secret.objects.get(key="api_key")
    assert row.open_value() == SECRET
    for url in (pages.list_url(models.Secret), pages.change_url(row), pages.delete_url(row)):
        assert SECRET not in pages.text(page.get(url))


def test_secret_left_empty_keeps_its_value(page: Client, integration: models.Integration) -> None:
    row = SecretFactory.create(integration=integration)

    pages.send(page, pages.change_url(row), description="Renewed each May")

    row.refresh_from_db()
    assert (row.open_value(), row.description) == ("hush", "Renewed each May")


def test_secret_given_another_value_stores_it(page: Client, integration: models.Integration) -> None:
    row = SecretFactory.create(integration=integration)

    pages.send(page, pages.change_url(row), value=SECRET)

    row.refresh_from_db()
    assert row.open_value() == SECRET


@pytest.mark.parametrize(
    ("boxes", "wrong"),
    [
        ({"key": "no key", "value": TYPED}, {"key", "value"}),
        ({"key": "api_key", "value": ""}, {"value"}),
        ({"key": "taken", "value": TYPED}, {"key", "value"}),
    ],
)
def test_secret_filled_in_badly_shows_each_problem_and_not_the_value(
    page: Client, integration: models.Integration, boxes: dict[str, str], wrong: set[str]
) -> None:
    SecretFactory.create(integration=integration, key="taken")

    response = pages.send(page, pages.add_url(models.Secret), integration=integration.pk, **boxes)

    assert set(pages.errors(response)) == wrong
    assert TYPED not in pages.text(response)
    assert models.Secret.objects.count() == 1


def test_secret_of_others_is_nowhere(page: Client) -> None:
    foreign = SecretFactory.create(key="foreign_key")

    assert page.get(pages.change_url(foreign)).status_code == 404
    assert page.post(pages.delete_url(foreign), {"post": "yes"}).status_code == 404
    assert "foreign_key" not in pages.text(page.get(pages.list_url(models.Secret)))


def test_secret_in_use_is_not_deleted_and_the_page_says_where(page: Client, integration: models.Integration) -> None:
    row = secrets.put(integration=integration, key="greeting", value=SECRET, by=SYSTEM)
    NotificationFactory.create(
        integration=integration, tag="hello", messages=[{"tag": "m", "channel": "sms", "body": "$Secret{greeting}"}]
    )

    response = page.post(pages.delete_url(row), {"post": "yes"})

    assert "notifications/hello/messages[0]/body" in pages.text(response)
    assert models.Secret.objects.filter(pk=row.pk).exists()
