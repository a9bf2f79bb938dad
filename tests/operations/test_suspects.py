from __future__ import annotations

import datetime as dt

import pytest

from integrations.models import Run
from integrations.operations import _claiming
from integrations.operations._database_time import now
from tests.factories import RunFactory

pytestmark = pytest.mark.django_db


def make(count: int, *, crashes: int) -> None:
    """Queue runs, all of one integration."""
    like = Run.objects.first() or RunFactory.create(crashes=crashes)
    missing = count - Run.objects.filter(crashes=crashes).count()
    same = {"release": like.release, "environment": like.environment, "integration": like.integration}
    RunFactory.create_batch(missing, crashes=crashes, **same)


def claimed(worker: str) -> list[int]:
    return sorted(run.crashes for run in _claiming.claim_due(worker=worker, limit=100))


def test_claim_takes_few_runs_that_crashed_once_one_that_did_twice_and_all_others() -> None:
    make(3, crashes=0)
    make(12, crashes=1)
    make(3, crashes=2)

    assert claimed("w1") == [0] * 3 + [1] * 10 + [2]
    assert claimed("w1") == []


def test_claim_of_another_worker_takes_suspects_once_they_are_due_again() -> None:
    make(3, crashes=2)

    assert claimed("w1") == [2]
    assert Run.objects.claimable().filter(due_at__gt=now() - dt.timedelta(seconds=1)).count() == 2
    Run.objects.claimable().update(due_at=now())
    assert claimed("w2") == [2]


def test_claim_behind_suspects_is_not_kept_waiting_by_them() -> None:
    make(120, crashes=2)
    make(1, crashes=0)

    assert claimed("w1") == [2]
    assert claimed("w1") == [0]
