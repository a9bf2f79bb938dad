from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations import models
from integrations.builder import Ductape
from integrations.builder.integration import IntegrationBuilder
from integrations.errors import NotFound, OperationRefused
from integrations.operations.actors import SYSTEM
from tests.factories import RunFactory
from tests.fakes.connectors import FakeActionConnector
from tests.operations.replaying import ORDER, called, execute, make_store, refused, scripted

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Iterator[FakeActionConnector]:
    with scripted() as fake:
        yield fake


@pytest.fixture
def store() -> models.Integration:
    return make_store(ORDER)


@pytest.fixture
def opened(store: models.Integration) -> IntegrationBuilder:
    return Ductape(user=SYSTEM).get_integration_builder(store.tag)


def test_retry_run_executes_what_is_left(
    store: models.Integration, opened: IntegrationBuilder, api: FakeActionConnector
) -> None:
    api.script("pay", refused())
    failed = execute(store)
    called(api)

    result = opened.retry_run(str(failed.pk), reason="it works again")

    assert (result.status, result.output, called(api)) == ("succeeded", {"paid": {"ok": True}}, ["pay", "mail"])


def test_replay_run_takes_all_choices(
    store: models.Integration, opened: IntegrationBuilder, api: FakeActionConnector
) -> None:
    run = execute(store)
    called(api)

    result = opened.replay_run(
        str(run.pk),
        input={"n": 2},
        version="latest",
        start="main/create",
        writes={"main/pay": "take_over"},
        reason="the number was wrong",
    )

    assert (result.status, called(api)) == ("succeeded", ["create"])


def test_cancel_run_ends_a_queued_run(store: models.Integration, opened: IntegrationBuilder) -> None:
    environment = store.environments.get()
    run = RunFactory.create(integration=store, environment=environment, feature=store.features.get())

    assert opened.cancel_run(str(run.pk), reason="not wanted").status == "cancelled"
    with pytest.raises(OperationRefused, match="has cancelled already"):
        opened.cancel_run(str(run.pk))


@pytest.mark.parametrize("method", ["cancel_run", "retry_run", "replay_run"])
def test_run_of_another_integration_is_not_found(opened: IntegrationBuilder, method: str) -> None:
    foreign = RunFactory.create(failed=True)

    with pytest.raises(NotFound):
        getattr(opened, method)(str(foreign.pk), reason="why not")
