from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.builder.integration import IntegrationBuilder
from integrations.errors import DefinitionError, InvalidInput, OperationRefused
from integrations.operations import bulk, dispatch
from tests.factories import RunFactory
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.replaying import execute, refused

pytestmark = pytest.mark.django_db

WHY = "the API is back"


def test_retry_runs_retries_those_that_failed(
    store: models.Integration, opened: IntegrationBuilder, api: FakeActionConnector
) -> None:
    execute(store)
    api.script("pay", refused())
    failed = execute(store)

    progress = opened.retry_runs(feature="order", since=timezone.now() - dt.timedelta(hours=1), reason=WHY)
    assert (progress.kind, progress.status, progress.total, progress.done) == ("retry", "running", 1, 0)
    bulk.work(seconds=5)

    ended = opened.bulk_progress(progress.operation_id)
    assert (ended.status, ended.done, ended.failed) == ("succeeded", 1, 0)
    assert models.Run.objects.get(replay_of=failed).replay_reason == WHY


def test_replay_runs_takes_the_choices_of_a_replay(
    store: models.Integration, opened: IntegrationBuilder, api: FakeActionConnector
) -> None:
    run = execute(store)

    progress = opened.replay_runs(status="succeeded", version="latest", start="failure", reason=WHY)
    bulk.work(seconds=5)

    operation = models.BulkOperation.objects.get(pk=progress.operation_id)
    assert operation.options == {"version": "latest", "start": "failure", "writes": "again"}
    assert models.Run.objects.filter(replay_of=run).exists()


def test_cancel_runs_goes_on_while_dispatch_is_paused(store: models.Integration, opened: IntegrationBuilder) -> None:
    RunFactory.create(integration=store, feature=store.features.get())
    dispatch.pause(reason="restored", by=SYSTEM)

    progress = opened.cancel_runs(status="queued", reason="done since the backup")
    bulk.work(seconds=5)

    assert opened.bulk_progress(progress.operation_id).done == 1


def test_cancel_runs_that_was_stopped_leaves_the_rest(store: models.Integration, opened: IntegrationBuilder) -> None:
    for _ in range(2):
        RunFactory.create(integration=store, feature=store.features.get())
    progress = opened.cancel_runs(status=["queued", "waiting"], reason=WHY)
    bulk.work(seconds=0)

    stopped = opened.stop_bulk(progress.operation_id)

    assert (stopped.status, stopped.total, stopped.done) == ("cancelled", 2, 1)
    with pytest.raises(OperationRefused, match="has already ended"):
        opened.stop_bulk(progress.operation_id)


def test_bulk_methods_say_what_is_wrong(store: models.Integration, opened: IntegrationBuilder) -> None:
    with pytest.raises(OperationRefused, match="no run matches: store_keeping, status = failed"):
        opened.retry_runs(status="failed", reason=WHY)
    with pytest.raises(DefinitionError, match='unknown field "environment"'):
        opened.retry_runs(environment="dev", reason=WHY)
    RunFactory.create(integration=store, feature=store.features.get())
    with pytest.raises(InvalidInput, match="a reason is required"):
        opened.cancel_runs(reason=" ")
    choices: list[tuple[dict[str, Any], str]] = [
        ({"version": "bogus"}, 'version: "bogus" is not known'),
        ({"writes": "bogus"}, 'writes: "bogus" is not known'),
        ({"start": "bogus"}, 'start: "bogus" is not known'),
    ]
    for choice, message in choices:
        with pytest.raises(InvalidInput, match=message):
            opened.replay_runs(reason=WHY, **choice)
    assert not models.BulkOperation.objects.exists()
