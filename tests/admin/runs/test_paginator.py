from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.admin.runs import paginator
from integrations.models import Integration
from tests.factories import IntegrationFactory

pytestmark = pytest.mark.django_db


def test_count_of_few_rows_is_exact() -> None:
    IntegrationFactory.create_batch(3)

    assert paginator.CappedPaginator(Integration.objects.order_by("name"), 2).count == 3


def test_count_of_many_rows_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paginator, "MOST_COUNTED", 2)
    IntegrationFactory.create_batch(3)

    with CaptureQueriesContext(connection) as queries:
        counted = paginator.CappedPaginator(Integration.objects.order_by("name"), 2).count

    assert counted == 2
    assert "ORDER BY" not in queries[0]["sql"]
    assert "LIMIT 2" in queries[0]["sql"]
