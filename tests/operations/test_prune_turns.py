from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from integrations import models
from integrations.operations import _disk, _dispatch_state, housekeeping
from integrations.operations._prune_pace import Pace
from integrations.operations.actors import SYSTEM
from tests.factories.run import RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    _dispatch_state.forget()
    yield
    _dispatch_state.forget()


@pytest.fixture
def _old_run() -> None:
    """A run that ended long ago."""
    run = RunFactory.create(succeeded=True)
    models.Run.objects.filter(pk=run.pk).update(finished_at="2001-01-01T00:00Z")


@pytest.mark.usefixtures("_old_run")
def test_turn_prunes_once_and_is_then_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "_SLICE_SECONDS", 60)

    pruned = housekeeping.prune_in_turn()

    assert pruned is not None
    assert (pruned.runs, pruned.is_complete) == (1, True)
    assert housekeeping.prune_in_turn() is None
    assert housekeeping.prunings(by=SYSTEM)[0].origin == "worker"


@pytest.mark.usefixtures("_old_run")
def test_turn_that_ends_with_more_to_do_is_soon_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "_SLICE_SECONDS", 0)
    before = timezone.now()

    pruned = housekeeping.prune_in_turn()

    due_at = housekeeping.dispatch_state().prune_due_at
    assert pruned is not None
    assert not pruned.is_complete
    assert due_at is not None
    assert due_at - before < dt.timedelta(seconds=housekeeping.PRUNE_PAUSE_SECONDS + 5)


@pytest.mark.usefixtures("_old_run")
def test_turn_that_somebody_else_has_taken_is_left_alone() -> None:
    now = models.Run.objects.get().created_at
    rows = models.SystemState.objects

    assert rows.take_prune_turn(now=now, next_at=now.replace(year=9000))
    assert not rows.take_prune_turn(now=now, next_at=now.replace(year=9000))
    assert housekeeping.prune_in_turn() is None


@pytest.mark.usefixtures("_old_run")
def test_turn_while_dispatch_is_paused_or_pruning_is_off_deletes_nothing(settings: Settings) -> None:
    housekeeping.pause_dispatch(reason="restored", by=SYSTEM)
    while_paused = housekeeping.prune_in_turn()
    housekeeping.resume_dispatch(by=SYSTEM)
    settings.DUCTAPE_PRUNE = False

    assert (while_paused, housekeeping.prune_in_turn()) == (None, None)
    assert models.Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL uses free space by itself")
def test_deleted_rows_are_given_back_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_disk, "_KEPT_BYTES", 0)
    RunFactory.create(succeeded=True, output={"text": "x" * 3_000_000})
    models.Run.objects.all().delete()
    before = _disk.look()

    given_back = _disk.give_back(Pace())

    after = _disk.look()
    assert before.shrinks
    assert given_back > 2_500_000
    assert after.size_bytes == before.size_bytes - given_back


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL uses free space by itself")
def test_giving_back_without_time_leaves_the_pruning_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_disk, "_KEPT_BYTES", 0)
    RunFactory.create(succeeded=True, output={"text": "x" * 3_000_000})
    models.Run.objects.all().delete()
    pace = Pace(stop_at=0)

    assert _disk.give_back(pace) == 0
    assert not pace.pruned.is_complete
