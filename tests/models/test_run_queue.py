from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Run, run_queue
from integrations.models.run_queue import Bucket, Due
from tests.factories.integration import IntegrationFactory
from tests.factories.run import NOON, RunFactory

HOUR = dt.timedelta(hours=1)
DUE = Due(now=NOON)


def bucket_of(run: Run) -> Bucket:
    return Bucket(run.integration_id, run.lane, run.awaits_rate, run.priority)


def runs_in_one_integration(count: int, **columns: Any) -> list[Run]:
    first = RunFactory.create(**columns)
    same = {"release": first.release, "environment": first.environment, **columns}
    return [first, *(RunFactory.create(**same) for _ in range(count - 1))]


@pytest.mark.django_db
def test_buckets_without_runs_are_none() -> None:
    assert run_queue.buckets(DUE) == []


@pytest.mark.django_db
def test_buckets_are_told_apart_by_integration_lane_and_priority() -> None:
    one, two = runs_in_one_integration(2)
    Run.objects.filter(pk=two.pk).update(priority=-3)
    laned = RunFactory.create(lane="1/1", awaits_rate=True)
    again = RunFactory.create(lane="1/1", release=laned.release, environment=laned.environment)
    two.priority = -3

    found = run_queue.buckets(DUE)

    assert sorted(found) == sorted(map(bucket_of, [one, two, laned, again]))


@pytest.mark.django_db
def test_buckets_in_which_nothing_is_due_are_left_out() -> None:
    RunFactory.create(due_at=NOON + HOUR)
    RunFactory.create(waiting=True, due_at=None)
    RunFactory.create(failed=True)
    RunFactory.create(running=True, worker="w", lease_until=NOON)
    due = RunFactory.create(waiting=True)

    assert run_queue.buckets(DUE) == [bucket_of(due)]


@pytest.mark.django_db
def test_buckets_of_what_was_overlooked_leave_out_what_was_just_queued() -> None:
    RunFactory.create(due_at=NOON)
    old = RunFactory.create(due_at=NOON - HOUR)
    parked = RunFactory.create(waiting=True, fence=1, due_at=NOON)

    found = run_queue.buckets(Due(now=NOON, late=NOON - HOUR / 2))

    assert sorted(found) == sorted([bucket_of(old), bucket_of(parked)])


@pytest.mark.django_db
def test_candidates_are_those_due_longest_up_to_the_number_asked_for() -> None:
    runs = runs_in_one_integration(3)
    for hours, run in enumerate(runs):
        Run.objects.filter(pk=run.pk).update(due_at=NOON - hours * HOUR)

    found = run_queue.candidates([(bucket_of(runs[0]), 2)], DUE)

    assert [candidate.run_id for candidate in found] == [runs[2].pk, runs[1].pk]


@pytest.mark.django_db
def test_leased_and_queued_count_by_integration() -> None:
    one, two, _ = runs_in_one_integration(3)
    Run.objects.claim([one.pk, two.pk], worker="w", lease_until=NOON, now=NOON)
    other = RunFactory.create(integration=IntegrationFactory.create())

    assert run_queue.leased() == {(one.integration_id, ""): 2}
    assert run_queue.queued() == {one.integration_id: 1, other.integration_id: 1}


@pytest.mark.django_db
def test_starts_are_those_after_the_moment_latest_first() -> None:
    runs = runs_in_one_integration(4, lane="1/1")
    for hours, run in enumerate(runs):
        Run.objects.claim([run.pk], worker="w", lease_until=NOON, now=NOON + hours * HOUR)

    assert len(run_queue.starts("1/1", since=NOON, most=10)) == 3
    assert len(run_queue.starts("1/1", since=NOON, most=2)) == 2
    assert len(run_queue.starts("1/2", since=NOON, most=10)) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("look", ["buckets", "candidates", "leased", "queued", "starts"])
def test_every_look_reads_an_index_that_holds_nothing_else(look: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "buckets": lambda: run_queue.buckets(DUE),
        "candidates": lambda: run_queue.candidates([(Bucket(1, "", False, 0), 5), (Bucket(2, "", False, 0), 5)], DUE),
        "leased": run_queue.leased,
        "queued": run_queue.queued,
        "starts": lambda: run_queue.starts("1/1", since=NOON, most=5),
    }
    with CaptureQueriesContext(connection) as captured:
        calls[look]()
    plan = _plan(captured[-1]["sql"])

    assert any(index in plan for index in ("run_queue", "run_leased", "run_lane_starts"))
    assert "SCAN integrations_run'" not in plan
    assert "Seq Scan" not in plan


def _plan(sql: str) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The table is empty here, so that reading it whole would be cheapest.
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(("EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ") + sql)
        return str(cursor.fetchall())
