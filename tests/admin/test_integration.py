"""The page of an integration: what is in it, who may see it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client

from integrations import models
from tests.admin import pages
from tests.factories import FeatureFactory, IntegrationFactory, RunFactory, UserFactory


def test_creator_of_an_integration_is_its_member(page: Client, engineer: User) -> None:
    pages.send(page, pages.add_url(models.Integration), name="Returns")

    row = models.Integration.objects.get(name="Returns")
    assert list(row.members.all()) == [engineer]
    assert row.created_by == engineer


def test_members_changed_are_stored_and_written_down(
    page: Client, engineer: User, integration: models.Integration
) -> None:
    colleague = UserFactory.create(username="grace")

    pages.send(page, pages.change_url(integration), members=[engineer.pk, colleague.pk])

    assert set(integration.members.all()) == {engineer, colleague}
    changes = [record.changes for record in models.AuditRecord.objects.all()]
    assert {"members": {"from": [engineer.username], "to": ["grace", engineer.username]}} in changes


def test_contents_are_counted_and_linked(page: Client, integration: models.Integration) -> None:
    FeatureFactory.create(integration=integration)

    shown = pages.text(page.get(pages.change_url(integration)))

    assert f"{pages.list_url(models.Feature)}?integration__id__exact={integration.pk}" in shown


def test_list_filter_offers_own_integrations_only(page: Client) -> None:
    FeatureFactory.create(integration=IntegrationFactory.create(name="Of somebody else"))

    assert "Of somebody else" not in pages.text(page.get(pages.list_url(models.Feature)))


def test_integration_of_others_is_nowhere(page: Client) -> None:
    foreign = IntegrationFactory.create(name="Of somebody else")

    assert page.get(pages.change_url(foreign)).status_code == 404
    assert "Of somebody else" not in pages.text(page.get(pages.list_url(models.Integration)))


def test_integration_with_runs_is_not_deleted(page: Client, integration: models.Integration) -> None:
    RunFactory.create(release__feature_version__feature__integration=integration)

    response = page.post(pages.delete_url(integration), {"post": "yes"})

    assert "1 runs in its history" in pages.text(response)


def test_integration_of_a_unique_name_is_refused_twice(page: Client, integration: models.Integration) -> None:
    response = pages.send(page, pages.add_url(models.Integration), name="ORDER SYNC", tag="other", unique="on")

    assert "there is already an integration" in pages.errors(response)["name"][0]
