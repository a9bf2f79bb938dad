from __future__ import annotations

import pytest
from django.db import IntegrityError

from integrations.models import Integration
from integrations.models.integration import folded
from tests.factories import IntegrationFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("other", ["Orders", "ORDERS", " orders", "\uff2frders"])
def test_second_unique_integration_of_the_same_name_is_refused(other: str) -> None:
    IntegrationFactory.create(name="Orders", unique=True)

    with pytest.raises(IntegrityError):
        IntegrationFactory.create(name=other, unique=True)


def test_second_integration_of_the_same_name_that_is_not_unique_is_stored() -> None:
    first, second = IntegrationFactory.create_batch(2, name="Orders")

    assert set(Integration.objects.named("oRDERS")) == {first, second}


def test_save_of_the_name_alone_keeps_the_folded_name_in_step() -> None:
    integration = IntegrationFactory.create(name="Orders")
    integration.name = "STRASSE"

    integration.save(update_fields=["name"])

    assert Integration.objects.named("straße").get() == integration


def test_save_of_the_longest_name_stores_its_folded_form() -> None:
    # This character folds to eighteen.
    integration = IntegrationFactory.create(name="\ufdfa" * 100)

    assert Integration.objects.named("\ufdfa" * 100).get() == integration


def test_second_integration_of_the_same_tag_is_refused() -> None:
    IntegrationFactory.create(tag="orders")

    with pytest.raises(IntegrityError):
        IntegrationFactory.create(tag="orders")


def test_touch_counts_on_top_of_what_is_stored() -> None:
    integration = IntegrationFactory.create()
    elsewhere = Integration.objects.get(pk=integration.pk)
    elsewhere.touch()

    integration.touch()

    assert integration.revision == 3


@pytest.mark.parametrize("name", ["\u017f", "İ", "ß", "Ǆ", " a "])
def test_folded_name_stays_when_folded_again(name: str) -> None:
    assert folded(folded(name)) == folded(name)
