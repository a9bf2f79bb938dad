"""Who opens the admin's pages: an engineer of one integration, and people who may do less."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from integrations.models import Integration
from integrations.runtime.dispatch import state as dispatch_state
from tests.factories import IntegrationFactory, UserFactory


@pytest.fixture(autouse=True)
def steady_dispatch_state(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read once a test whether dispatch is paused, so that slow tests count the same queries as fast ones."""
    dispatch_state.forget()
    monkeypatch.setattr(dispatch_state, "_FRESH_SECONDS", 3600.0)
    yield
    dispatch_state.forget()


@pytest.fixture
def integration(db: None) -> Integration:
    return IntegrationFactory.create(name="Order sync", tag="order_sync")


@pytest.fixture
def engineer(integration: Integration) -> User:
    """Someone who may build everything in the integration, code included."""
    return member(integration, "Integration engineers", "Code authors")


@pytest.fixture
def page(engineer: User) -> Client:
    return logged_in(engineer)


def member(integration: Integration, *groups: str) -> User:
    """Return a new member of the integration who belongs to these groups."""
    user = UserFactory.create(is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    integration.members.add(user)
    return user


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
