from __future__ import annotations

import datetime as dt

import pytest

from integrations.models import Run
from integrations.runtime.db.clock import now
from integrations.runtime.queue import claiming, crash_isolation
from tests.factories import RunFactory

pytestmark = pytest.mark.django_db


def make(count: int, *, crashes: int) -> None:
    """Queue runs, all of one integration."""
    like = Run.objects.first() or RunFactory.create(crashes=crashes)
    missing = count - Run.objects.filter(crashes=crashes).count()
    same = {"release": like.release, "environment": like.environment, "integration": like.integration}
    RunFactory.create_batch(missing, crashes=crashes, **same)


def claimed(worker: str) -> list[int]:
    return sorted(run.crashes for run in claiming.claim_due(worker=worker, limit=100))


def end(worker: str, *, crashes: int) -> None:
    """End the runs that the worker holds and that have crashed so often."""
    for run in Run.objects.leased_to(worker).filter(crashes=crashes):
        assert Run.objects.transition(run.pk, from_=Run.Status.RUNNING, to=Run.Status.SUCCEEDED)


def make_all_due() -> None:
    Run.objects.claimable().update(due_at=now())


def test_claim_takes_few_runs_that_were_lost_once_and_all_others() -> None:
    make(3, crashes=0)
    make(12, crashes=1)

    assert claimed("w1") == [0] * 3 + [1] * 10
    make_all_due()
    assert claimed("w1") == []
    make_all_due()
    assert claimed("w2") == [1] * 2


def test_claim_takes_a_run_to_probe_alone() -> None:
    make(1, crashes=2)
    make(3, crashes=0)
    make(3, crashes=1)

    assert claimed("w1") == [2]
    assert claimed("w1") == []
    assert claimed("w2") == [0] * 3 + [1] * 3


def test_busy_worker_claims_nothing_more_until_it_is_free_for_a_probe() -> None:
    make(2, crashes=0)
    claimed("w1")
    make(1, crashes=2)
    make(5, crashes=0)

    assert claimed("w1") == []
    end("w1", crashes=0)
    assert claimed("w1") == [2]


def test_busy_worker_claims_again_when_another_one_was_faster() -> None:
    make(2, crashes=0)
    claimed("w1")
    make(1, crashes=2)
    make(5, crashes=0)
    assert claimed("w1") == []

    assert claimed("w2") == [2]

    assert claimed("w1") == [0] * 3


def test_busy_worker_claims_again_when_it_is_not_free_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    make(2, crashes=0)
    claimed("w1")
    make(1, crashes=2)
    make(5, crashes=0)
    monkeypatch.setattr(crash_isolation, "_PATIENCE_SECONDS", 0.0)

    assert claimed("w1") == []
    assert claimed("w1") == [0] * 3
    assert Run.objects.claimable().filter(due_at__gt=now() + dt.timedelta(seconds=30)).count() == 1


def test_free_worker_claims_others_between_two_probes() -> None:
    make(3, crashes=2)
    make(2, crashes=0)
    assert claimed("w1") == [2]

    end("w1", crashes=2)
    assert claimed("w1") == [0] * 2
    make_all_due()
    assert claimed("w1") == []
    end("w1", crashes=0)
    assert claimed("w1") == [2]
    end("w1", crashes=2)
    assert claimed("w1") == [2]


def test_run_to_probe_is_claimed_by_a_free_worker_that_others_are_announced_to() -> None:
    make(1, crashes=0)
    claimed("w1")
    make(1, crashes=2)
    assert claimed("w1") == []
    make(2, crashes=0)
    announced = Run.objects.claimable().get(crashes=0)
    end("w1", crashes=0)

    assert [run.crashes for run in claiming.claim_announced([announced.pk], worker="w1")] == [2]
