from __future__ import annotations

import pytest
from django.db import transaction

from integrations.models import RateBudget
from tests.factories.app import AppEnvironmentFactory
from tests.factories.run import NOON

pytestmark = pytest.mark.django_db


def test_missing_row_is_created_with_the_defaults_and_locked() -> None:
    environment = AppEnvironmentFactory.create()

    with transaction.atomic():
        row = RateBudget.objects.lock_or_create(app_environment=environment, defaults={"paid_until": NOON})

    assert row == RateBudget.objects.get()
    assert row.paid_until == NOON


def test_existing_row_is_returned_as_it_is() -> None:
    stored = RateBudget.objects.create(app_environment=AppEnvironmentFactory.create(), paid_until=NOON)

    with transaction.atomic():
        row = RateBudget.objects.lock_or_create(
            app_environment=stored.app_environment, defaults={"paid_until": NOON.replace(year=3000)}
        )

    assert (row, row.paid_until) == (stored, NOON)
