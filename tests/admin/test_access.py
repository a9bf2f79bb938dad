"""Every page of the admin, those to come included: closed to those without permission, and to members of others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import URLPattern, reverse

from integrations import models
from tests.admin.conftest import logged_in
from tests.factories import (
    EnvironmentFactory,
    FeatureFactory,
    FeatureVersionFactory,
    FunctionFactory,
    FunctionVersionFactory,
    IntegrationFactory,
    ReleaseFactory,
    RunFactory,
    SecretFactory,
    StepFactory,
    UserFactory,
)

#: What else stands in an address.
_PARTS = {"part": "output", "shape": "json"}


def _pages(row: Any) -> Iterator[str]:
    """Give the address of every page of the row's admin."""
    for pattern in admin.site.get_model_admin(type(row)).get_urls():
        if pattern.name:  # the last one only leads on
            yield reverse(f"admin:{pattern.name}", kwargs=_arguments(pattern, row))


def _arguments(pattern: URLPattern, row: Any) -> dict[str, Any]:
    own: dict[str, Any] = {"object_id": row.pk, f"{row._meta.model_name}_id": row.pk}
    if isinstance(row, models.Run):
        own["step_id"] = row.steps.get().pk
    return {name: {**_PARTS, **own}[name] for name in pattern.pattern.converters}


def _refusals(client: Client, url: str) -> set[int]:
    return {client.get(url).status_code, client.post(url).status_code}


@pytest.fixture
def rows(integration: models.Integration) -> list[Any]:
    """Return rows of the kinds that have pages of their own beside those that all have."""
    environment = EnvironmentFactory.create(integration=integration)
    feature = FeatureFactory.create(integration=integration)
    version = FeatureVersionFactory.create(feature=feature)
    run = RunFactory.create(environment=environment, release=ReleaseFactory.create(feature_version=version))
    StepFactory.create(run=run)
    function = FunctionFactory.create(integration=integration)
    function_version = FunctionVersionFactory.create(function=function)
    secret = SecretFactory.create(integration=integration)
    return [integration, environment, feature, version, function, function_version, secret, run]


@pytest.mark.django_db
def test_staff_without_permissions_gets_no_page() -> None:
    client = logged_in(UserFactory.create(is_staff=True))
    for model in apps.get_app_config("integrations").get_models():
        if admin.site.is_registered(model):
            for name in ("changelist", "add"):
                url = reverse(f"admin:integrations_{model._meta.model_name}_{name}")
                assert _refusals(client, url) <= {403, 405}, url


def test_staff_without_permissions_gets_no_page_of_a_row(rows: list[Any]) -> None:
    client = logged_in(UserFactory.create(is_staff=True))
    for row in rows:
        for url in _pages(row):
            assert _refusals(client, url) <= {403, 404, 405}, url


def test_people_who_may_do_everything_elsewhere_find_nothing_here(rows: list[Any]) -> None:
    stranger = UserFactory.create(is_staff=True)
    stranger.user_permissions.set(Permission.objects.exclude(codename="view_every_integration"))
    IntegrationFactory.create().members.add(stranger)
    client = logged_in(stranger)
    for row in rows:
        for url in _pages(row):
            if str(row.pk) in url.split("/"):
                assert _refusals(client, url) <= {404, 405}, url


def test_everybody_is_asked_to_log_in_first(rows: list[Any]) -> None:
    client = Client()
    for row in rows:
        for url in _pages(row):
            response = client.get(url)
            assert response.status_code in (302, 405), url
            assert response.status_code == 405 or response["Location"].startswith("/admin/login/"), url
