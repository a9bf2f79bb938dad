"""The smaller kinds of an integration: caches, notifications, databases and jobs."""

from __future__ import annotations

from factory.declarations import Sequence, SubFactory
from factory.django import DjangoModelFactory

from integrations.models import Cache, Database, Job, Notification
from tests.factories.integration import IntegrationFactory


class CacheFactory(DjangoModelFactory[Cache]):
    class Meta:
        model = Cache

    integration = SubFactory(IntegrationFactory)
    tag = Sequence(lambda number: f"cache_{number}")
    sequence_tag = "fetch"
    event_tag = "get_order"
    expiry = 5
    period = Cache.Period.MINUTES


class NotificationFactory(DjangoModelFactory[Notification]):
    class Meta:
        model = Notification

    integration = SubFactory(IntegrationFactory)
    tag = Sequence(lambda number: f"notification_{number}")


class DatabaseFactory(DjangoModelFactory[Database]):
    class Meta:
        model = Database

    integration = SubFactory(IntegrationFactory)
    tag = Sequence(lambda number: f"database_{number}")


class JobFactory(DjangoModelFactory[Job]):
    class Meta:
        model = Job

    integration = SubFactory(IntegrationFactory)
    tag = Sequence(lambda number: f"job_{number}")
