from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import DefinitionError, NotFound, OperationRefused
from integrations.operations import integrations
from integrations.operations._transactions import all_or_nothing, lock, revision_of
from tests.scenes.scene import make_integration, put

CACHE: dict[str, Any] = {"tag": "brief", "sequence_tag": "s", "event_tag": "e", "expiry": 1, "period": "secs"}


def test_what_the_database_does_not_allow_is_refused_and_leaves_nothing(db: None) -> None:
    integration = make_integration()

    def write_a_row_twice() -> None:
        with all_or_nothing():
            put(integration, "notifications", tag="alert")
            for _ in range(2):
                models.Job.objects.create(integration=integration, tag="nightly")

    with pytest.raises(OperationRefused, match="something was changed at the same time, so nothing was saved"):
        write_a_row_twice()

    assert not models.Notification.objects.exists()
    assert not models.Job.objects.exists()


def test_integration_that_is_gone_is_not_found(db: None) -> None:
    integration = make_integration()
    integrations.delete(row=models.Integration.objects.get(), by=SYSTEM)

    with pytest.raises(NotFound, match='there is no integration "order_sync"'):
        revision_of(integration)
    with pytest.raises(NotFound), all_or_nothing():
        lock(integration)


@pytest.mark.django_db(transaction=True)
def test_many_who_create_the_same_at_once_make_one_and_are_told(db: None) -> None:
    integration = make_integration()
    barrier, outcomes = threading.Barrier(4), []

    def create() -> None:
        try:
            own = models.Integration.objects.get(pk=integration.pk)
            barrier.wait(timeout=10)
            put(own, "caches", **CACHE)
            outcomes.append("created")
        except (DefinitionError, OperationRefused) as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Whoever comes when it is there gets it, whoever has checked before that is told that it is there.
    assert len(outcomes) == 4
    assert "created" in outcomes
    assert set(outcomes) <= {"created", "DefinitionError"}
    assert models.Cache.objects.count() == 1
    assert models.AuditRecord.objects.filter(kind="cache").count() == 1
