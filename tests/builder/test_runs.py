from __future__ import annotations

from typing import Any

import pytest

from integrations import models
from integrations.builder.integration import IntegrationBuilder
from integrations.errors import InvalidInput, NotFound, OperationRefused
from tests.factories import RunFactory
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.replaying import called, execute, refused

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize(
    "choices",
    [{"version": "v9"}, {"writes": {"main/mail": "take-over"}}, {"writes": {"main/creat": "take_over"}}],
)
def test_replay_run_with_a_choice_that_there_is_not_calls_nothing(
    store: models.Integration, opened: IntegrationBuilder, api: FakeActionConnector, choices: dict[str, Any]
) -> None:
    run = execute(store)
    called(api)

    with pytest.raises(InvalidInput, match=r"is not known|no attempt has written this"):
        opened.replay_run(str(run.pk), reason="again", **choices)

    assert called(api) == []


def test_retry_run_a_second_time_is_refused(
    store: models.Integration, opened: IntegrationBuilder, api: FakeActionConnector
) -> None:
    api.script("pay", refused())
    failed = execute(store)
    opened.retry_run(str(failed.pk), reason="it works again")
    called(api)

    with pytest.raises(OperationRefused, match="a later attempt, has succeeded"):
        opened.retry_run(str(failed.pk), reason="it works again")

    assert called(api) == []
