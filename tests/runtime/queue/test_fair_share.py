from __future__ import annotations

import datetime as dt

import pytest

from integrations.models import Run
from integrations.runtime.queue import claiming
from tests.factories.run import NOON, RunFactory

pytestmark = pytest.mark.django_db
SECOND = dt.timedelta(seconds=1)


def queue_up(count: int, *, like: Run | None = None, priority: int = 0, after: int = 0) -> list[Run]:
    """Queue runs of one integration, that of `like` if given, due a second after each other."""
    first = like or RunFactory.create(priority=priority, due_at=NOON + after * SECOND)
    same = {"release": first.release, "environment": first.environment, "priority": priority}
    made = [] if like else [first]
    return made + [
        RunFactory.create(**same, due_at=NOON + (after + index) * SECOND) for index in range(len(made), count)
    ]


def claim(limit: int) -> list[Run]:
    return claiming.claim_due(worker="w", limit=limit)


def test_claim_of_an_empty_queue_is_nothing() -> None:
    assert claim(10) == []


def test_single_run_does_not_wait_behind_another_integrations_many() -> None:
    queue_up(20)
    [lone] = queue_up(1, after=100)

    claimed = [run.pk for run in claim(4)]

    assert claimed.index(lone.pk) == 1


def test_single_run_goes_first_when_the_others_are_being_executed_already() -> None:
    queue_up(20)
    assert len(claim(5)) == 5
    [lone] = queue_up(1, after=100)

    # One place is free at a time, as in a worker that has its hands full.
    assert [run.pk for run in claim(1)] == [lone.pk]


def test_integrations_share_evenly_whatever_they_have_waiting() -> None:
    many, few = queue_up(20), queue_up(4)

    claimed = claim(8)

    assert [run.integration_id for run in claimed].count(many[0].integration_id) == 4
    assert [run.integration_id for run in claimed].count(few[0].integration_id) == 4


def test_what_one_leaves_over_the_others_get() -> None:
    queue_up(20)
    queue_up(1)

    assert len(claim(10)) == 10


def test_priority_decides_among_an_integrations_own_runs_only() -> None:
    usual = queue_up(3)
    urgent = queue_up(3, like=usual[0], priority=9, after=10)
    [modest] = queue_up(1, priority=-5, after=20)

    claimed = [run.pk for run in claim(3)]

    assert claimed == [urgent[0].pk, modest.pk, urgent[1].pk]


def test_runs_of_one_line_are_claimed_in_the_order_in_which_they_are_due() -> None:
    runs = queue_up(4)

    assert [run.pk for run in claim(3)] == [run.pk for run in runs[:3]]


def test_many_integrations_are_served_by_one_claim() -> None:
    for _ in range(12):
        queue_up(2)

    claimed = claim(24)

    assert len(claimed) == 24
    assert len({run.integration_id for run in claimed[:12]}) == 12
