from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import dispatch, retention
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.retention import disk
from integrations.runtime.retention.pace import Pace
from tests.factories.run import RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    dispatch_state.forget()
    yield
    dispatch_state.forget()


@pytest.fixture
def _old_run() -> None:
    """A run that ended long ago."""
    run = RunFactory.create(succeeded=True)
    models.Run.objects.filter(pk=run.pk).update(finished_at="2001-01-01T00:00Z")


@pytest.mark.usefixtures("_old_run")
def test_slice_prunes_once_and_the_next_is_not_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_SLICE_SECONDS", 60)

    pruned = retention.prune_slice()

    assert pruned is not None
    assert (pruned.runs, pruned.is_complete) == (1, True)
    assert retention.prune_slice() is None
    assert retention.prunings(by=SYSTEM)[0].origin == "worker"


@pytest.mark.usefixtures("_old_run")
def test_slice_that_ends_with_more_to_do_is_soon_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_SLICE_SECONDS", 0)
    before = timezone.now()

    pruned = retention.prune_slice()

    due_at = dispatch.state().prune_due_at
    assert pruned is not None
    assert not pruned.is_complete
    assert due_at is not None
    assert due_at - before < dt.timedelta(seconds=retention.PRUNE_PAUSE_SECONDS + 5)


@pytest.mark.usefixtures("_old_run")
def test_slice_that_another_worker_has_claimed_is_left_alone() -> None:
    now = models.Run.objects.get().created_at
    rows = models.SystemState.objects

    assert rows.claim_pruning(now=now, next_at=now.replace(year=9000))
    assert not rows.claim_pruning(now=now, next_at=now.replace(year=9000))
    assert retention.prune_slice() is None


@pytest.mark.usefixtures("_old_run")
def test_slice_while_dispatch_is_paused_or_pruning_is_off_deletes_nothing(settings: Settings) -> None:
    dispatch.pause(reason="restored", by=SYSTEM)
    while_paused = retention.prune_slice()
    dispatch.resume(by=SYSTEM)
    settings.DUCTAPE_PRUNE = False

    assert (while_paused, retention.prune_slice()) == (None, None)
    assert models.Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL uses free space by itself")
def test_deleted_rows_are_given_back_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_KEPT_BYTES", 0)
    RunFactory.create(succeeded=True, output={"text": "x" * 3_000_000})
    models.Run.objects.all().delete()
    before = disk.look()

    given_back = disk.shrink(Pace())

    after = disk.look()
    assert before.shrinks
    assert given_back > 2_500_000
    assert after.size_bytes == before.size_bytes - given_back


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL uses free space by itself")
def test_giving_back_without_time_leaves_the_pruning_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_KEPT_BYTES", 0)
    RunFactory.create(succeeded=True, output={"text": "x" * 3_000_000})
    models.Run.objects.all().delete()
    pace = Pace(stop_at=0)

    assert disk.shrink(pace) == 0
    assert not pace.pruned.is_complete
