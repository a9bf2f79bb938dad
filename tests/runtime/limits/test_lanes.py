from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from integrations.actors import SYSTEM
from integrations.models import Lane, Run
from integrations.operations import features, runs
from integrations.runtime.queue import claiming
from tests.scenes.limited import at_once, published, start

MINUTE = {"limit": 2, "period": 60.0}


def claim(limit: int = 10, *, worker: str = "w") -> list[Run]:
    return claiming.claim_due(worker=worker, limit=limit)


def end(run: Run, to: str = "succeeded", **changes: Any) -> None:
    assert Run.objects.transition(run.pk, from_=Run.Status.RUNNING, to=Run.Status(to), **changes)


@pytest.mark.django_db
def test_only_so_many_runs_of_a_feature_are_running_at_once() -> None:
    feature, environment = published(concurrency=2)
    started = [start(feature, environment) for _ in range(4)]

    first = claim()
    assert [run.pk for run in first] == [run.pk for run in started[:2]]
    assert claim() == []

    end(first[0])
    assert [run.pk for run in claim()] == [started[2].pk]


@pytest.mark.django_db
def test_parked_run_makes_room_and_needs_room_to_go_on() -> None:
    feature, environment = published(concurrency=1)
    parked, following = start(feature, environment), start(feature, environment)
    [held] = claim()
    end(held, "waiting", due_at=held.due_at)

    # Both are due now, and the parked one has been for longer.
    assert [run.pk for run in claim()] == [parked.pk]
    assert claim() == []
    end(held, "waiting", due_at=None)
    assert [run.pk for run in claim()] == [following.pk]


@pytest.mark.django_db
def test_feature_at_its_limit_holds_up_nobody_else() -> None:
    feature, environment = published(concurrency=1)
    for _ in range(5):
        start(feature, environment)
    other, _ = published(integration=feature.integration)
    unlimited = start(other, environment)

    assert {run.feature_id for run in claim()} == {feature.pk, other.pk}
    assert unlimited.lane == ""


@pytest.mark.django_db
def test_limit_counts_for_each_environment_apart() -> None:
    feature, environment = published(concurrency=1)
    _, elsewhere = published()
    elsewhere.integration = feature.integration
    elsewhere.save()
    for each in (environment, environment, elsewhere):
        start(feature, each)

    assert Counter(run.environment_id for run in claim()) == {environment.pk: 1, elsewhere.pk: 1}


@pytest.mark.django_db
def test_run_that_is_asked_for_by_its_id_needs_room_too() -> None:
    feature, environment = published(concurrency=1)
    first, second = start(feature, environment), start(feature, environment)

    assert claiming.claim_one(first.pk, worker="w") is not None
    assert claiming.claim_one(second.pk, worker="w") is None
    assert claiming.claim_announced([second.pk], worker="w") == []


@pytest.mark.django_db
def test_run_without_room_is_returned_as_it_was_when_patience_ends() -> None:
    feature, environment = published(concurrency=1)
    start(feature, environment)
    claim()
    second = start(feature, environment)

    assert runs.execute(second, patience_seconds=0.1).status == Run.Status.QUEUED


@pytest.mark.django_db
def test_publishing_another_limit_holds_for_the_queued_runs_with_the_next_start() -> None:
    feature, environment = published(concurrency=1)
    for _ in range(3):
        start(feature, environment)
    feature.concurrency = 3
    feature.save()
    feature.integration.touch()
    features.publish(row=feature, by=SYSTEM)
    start(feature, environment)

    assert len(claim()) == 3
    assert Lane.objects.get().concurrency == 3


@pytest.mark.django_db
def test_runs_of_a_deleted_feature_have_no_limit_left() -> None:
    feature, environment = published(concurrency=1)
    for _ in range(3):
        start(feature, environment)
    feature.delete()

    assert len(claim()) == 3


@pytest.mark.django_db
def test_only_so_many_runs_begin_within_a_period() -> None:
    feature, environment = published(rate_limit=MINUTE)
    started = [start(feature, environment) for _ in range(4)]

    assert [run.pk for run in claim()] == [run.pk for run in started[:2]]
    for run in started[:2]:
        end(run)
    assert claim() == []

    _begin_earlier(started[0], dt.timedelta(seconds=61))
    assert [run.pk for run in claim()] == [started[2].pk]
    assert claim() == []


@pytest.mark.django_db
def test_run_that_goes_on_begins_no_second_time() -> None:
    feature, environment = published(rate_limit=MINUTE)
    started = [start(feature, environment) for _ in range(3)]
    first, second = claim()
    end(first, "waiting", due_at=first.due_at)
    end(second)

    assert [run.pk for run in claim()] == [started[0].pk]


@pytest.mark.django_db
def test_run_that_is_held_up_says_by_what() -> None:
    crowded, quick = published(concurrency=1), published(rate_limit={"limit": 1, "period": 3600.0})
    held, without_room = start(*crowded), start(*crowded)
    started, too_soon = start(*quick), start(*quick)
    unlimited = start(*published())
    claim()

    assert runs.why_not_yet(without_room) == (
        "waits for room: 1 of its feature's runs are running in this environment, 1 may"
    )
    started.refresh_from_db()
    held.refresh_from_db()
    assert started.started_at is not None
    next_at = (started.started_at + dt.timedelta(hours=1)).isoformat(timespec="seconds")
    assert runs.why_not_yet(too_soon).endswith(f"within 3600 s in this environment; the next one at {next_at}")
    assert [runs.why_not_yet(run) for run in (held, started, unlimited)] == ["", "", ""]


@pytest.mark.django_db
def test_run_queues_in_the_lane_of_its_feature_and_environment() -> None:
    feature, environment = published(concurrency=1, rate_limit=MINUTE)

    run = start(feature, environment)

    assert (run.lane, run.awaits_rate) == (f"{environment.pk}/{feature.pk}", True)


@pytest.mark.django_db(transaction=True)
def test_limit_holds_exactly_under_several_claimers() -> None:
    feature, environment = published(concurrency=3)
    other, _ = published(integration=feature.integration)
    for _ in range(12):
        start(feature, environment)
        start(other, environment)

    def claim_often(number: int) -> list[Run]:
        return [run for _ in range(6) for run in claim(4, worker=f"w{number}")]

    claimed = [run for each in at_once(claim_often, threads=4) for run in each]

    assert Counter(run.feature_id for run in claimed) == {feature.pk: 3, other.pk: 12}
    assert len({run.pk for run in claimed}) == len(claimed)


@pytest.mark.django_db(transaction=True)
def test_rate_holds_exactly_under_several_claimers() -> None:
    feature, environment = published(rate_limit={"limit": 5, "period": 3600.0})
    for _ in range(12):
        start(feature, environment)

    def claim_often(number: int) -> int:
        return sum(len(claim(2, worker=f"w{number}")) for _ in range(6))

    assert sum(at_once(claim_often, threads=4)) == 5


def _begin_earlier(run: Run, by: dt.timedelta) -> None:
    run.refresh_from_db()
    assert run.started_at is not None
    Run.objects.filter(pk=run.pk).update(started_at=run.started_at - by)
