"""Notifications and databases: sealed settings in each environment."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from integrations.definitions.database import Database as DatabaseDefinition
from integrations.definitions.notification import Notification as NotificationDefinition
from integrations.errors import DefinitionError
from integrations.models import Database, DatabaseEnvironment, Notification
from tests.factories import DatabaseFactory, EnvironmentFactory, NotificationFactory

pytestmark = pytest.mark.django_db
URL = "postgresql://me:hush@db/orders"


def _database() -> Database:
    database = DatabaseFactory.create(tag="orders")
    for slug in ("dev", "prd"):
        EnvironmentFactory.create(integration=database.integration, slug=slug)
    return database


def _envs(**urls: str) -> DatabaseDefinition:
    return DatabaseDefinition.parse(
        {"tag": "orders", "envs": [{"slug": slug, "connection_url": url} for slug, url in urls.items()]}
    )


def test_database_url_is_sealed_and_masked() -> None:
    database = _database()

    database.apply_environments(_envs(prd=URL))

    stored = Database.objects.with_definition().get()
    assert stored.to_definition() == _envs(prd="[sealed]")
    assert stored.environments.get().take() == URL


def test_database_masked_url_handed_back_keeps_what_is_stored() -> None:
    database = _database()
    database.apply_environments(_envs(dev=URL, prd=URL))
    before = database.environments.get(environment__slug="prd").pk

    database.apply_environments(_envs(prd="[sealed]"))

    kept = database.environments.get()
    assert (kept.pk, kept.take()) == (before, URL)


def test_database_masked_url_with_nothing_stored_is_refused_at_its_place() -> None:
    with pytest.raises(DefinitionError, match="databases/orders/envs/dev"):
        _database().apply_environments(_envs(dev="[sealed]"))


def test_second_settings_in_the_same_environment_are_refused() -> None:
    database = _database()
    environment = database.integration.environments.get(slug="dev")
    database.environments.create(environment=environment)

    with pytest.raises(IntegrityError):
        DatabaseEnvironment.objects.create(database=database, environment=environment)


def test_notification_settings_round_trip_masked() -> None:
    notification = NotificationFactory.create(tag="paid")
    EnvironmentFactory.create(integration=notification.integration, slug="dev")
    values = {
        "tag": "paid",
        "envs": [{"slug": "dev", "email": {"from": "a@example.com", "password": "hush"}, "sms": {}}],
        "messages": [{"tag": "sent", "channel": "email", "subject": "Hi", "body": "$Input{name}"}],
    }
    definition = NotificationDefinition.parse(values)
    notification.apply(definition)
    notification.save()

    notification.apply_environments(definition)

    stored = Notification.objects.with_definition().get()
    assert stored.environments.get().take() == {"email": {"from": "a@example.com", "password": "hush"}}
    assert stored.to_definition().messages == definition.messages
    assert stored.to_definition().envs[0].email == {"from": "[sealed]", "password": "[sealed]"}
    assert "hush" not in repr(vars(stored.environments.get()))
