from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import retention
from integrations.runtime.retention import expired as retention_expired
from integrations.runtime.retention.pace import Pace, delete_in_batches
from tests.factories import CacheFactory
from tests.factories.integration import EnvironmentFactory, IntegrationFactory
from tests.factories.kinds import JobFactory
from tests.factories.run import NOON, RunFactory
from tests.scenes.scene import person

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
NOW = NOON + 1000 * DAY
Status = models.Slot.Status


def prune(**options: Any) -> retention.Pruned:
    return retention.prune(now=NOW, **options)


def slot(job: models.Job, *, days_ago: float, **columns: Any) -> models.Slot:
    at = NOW - days_ago * DAY
    return models.Slot.objects.create(job=job, **{"nominal_at": at, "recorded_at": at, "status": "missed", **columns})


def kept(*rows: Any) -> list[bool]:
    return [type(row)._base_manager.filter(pk=row.pk).exists() for row in rows]


# The schedule ledger


def test_slots_go_after_so_many_days_whatever_became_of_them_unless_they_wait() -> None:
    job = JobFactory.create()
    run = RunFactory.create(running=True)
    old = [slot(job, days_ago=91 + index, status=status) for index, status in enumerate(Status) if status != "queued"]
    with_run = slot(job, days_ago=200, status=Status.STARTED, run=run)
    queued = slot(job, days_ago=9999, status=Status.QUEUED)
    young = slot(job, days_ago=89)

    pruned = prune()

    assert pruned.slots == len(old) + 1 == len(Status)
    assert kept(*old, with_run) == [False] * len(Status)
    assert kept(queued, young, run) == [True] * 3


def test_slot_that_stands_for_many_times_is_kept_as_long_as_the_last_of_them() -> None:
    job = JobFactory.create()
    row = slot(job, days_ago=200, until_at=NOW - 10 * DAY, count=190, recorded_at=NOW - 10 * DAY)

    assert prune().slots == 0
    assert kept(row) == [True]


def test_days_of_slots_are_a_setting(settings: Settings) -> None:
    settings.DUCTAPE_SLOT_KEEP_DAYS = 7
    job = JobFactory.create()
    old, young = slot(job, days_ago=8), slot(job, days_ago=6)

    prune()

    assert kept(old, young) == [False, True]


def test_slots_are_previewed_for_those_who_see_the_job_and_counted_in_the_record() -> None:
    job, other = JobFactory.create(), JobFactory.create()
    for days in (91, 92):
        slot(job, days_ago=days)
    slot(other, days_ago=93)
    viewer = person("view_run", member_of=job.integration)

    assert retention.preview(by=viewer, now=NOW).slots == 2
    assert retention.preview(by=SYSTEM, now=NOW).slots == 3
    prune()
    assert retention.prunings(by=SYSTEM)[0].slots == 3
    assert retention.preview(by=SYSTEM, now=NOW).slots == 0


def test_slots_go_in_transactions_of_as_many_as_the_pace_allows() -> None:
    job = JobFactory.create()
    for number in range(7):
        slot(job, days_ago=100 + number)
    pace = Pace(rows=3, most_rows=3)

    with CaptureQueriesContext(connection) as queries:
        for step in retention_expired.steps(NOW):
            step(pace)

    deletions = [query for query in queries if query["sql"].startswith('DELETE FROM "integrations_slot"')]
    assert (len(deletions), pace.pruned.slots) == (3, 7)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL goes by how many rows there are")
def test_slots_that_are_to_go_are_found_by_an_index() -> None:
    with CaptureQueriesContext(connection) as queries:
        delete_in_batches(retention_expired.slots(NOW), Pace())

    (select,) = queries.captured_queries
    with connection.cursor() as cursor:
        plan = str(cursor.execute(f"EXPLAIN QUERY PLAN {select['sql']}").fetchall())
    assert "USING INDEX slot_nominal_at (nominal_at<?)" in plan
    assert "TEMP B-TREE" not in plan


# What else


def test_workers_go_a_day_after_they_were_last_heard_of() -> None:
    shared: dict[str, Any] = {"host": "h", "pid": 1, "concurrency": 1}
    killed = models.Worker.objects.create(name="killed", seen_at=NOW - 1.1 * DAY, **shared)
    silent = models.Worker.objects.create(name="silent", seen_at=NOW - 0.9 * DAY, **shared)

    assert prune().workers == 1
    assert kept(killed, silent) == [False, True]


def test_cache_entries_go_once_they_have_expired_and_nobody_fills_them() -> None:
    cache = CacheFactory.create()
    environment = EnvironmentFactory.create(integration=cache.integration)

    def entry(key: str, **columns: Any) -> models.CacheEntry:
        return models.CacheEntry.objects.create(cache=cache, environment=environment, key=key, **columns)

    filling = {"filling_by": "x", "filling_until": NOW + dt.timedelta(seconds=30)}
    expired = entry("expired", stored_at=NOON, expires_at=NOW)
    given_up = entry("given up", filling_by="x", filling_until=NOW)
    stay = [
        entry("fresh", stored_at=NOON, expires_at=NOW + DAY),
        entry("filled anew", stored_at=NOON, expires_at=NOW, **filling),
        entry("filled", **filling),
    ]

    assert prune().cache_entries == 2
    assert kept(expired, given_up, *stay) == [False, False, True, True, True]


def test_start_keys_go_once_their_window_is_over() -> None:
    run = RunFactory.create(running=True)
    shared = {"feature": run.feature, "environment": run.environment, "run": run}
    over = models.StartKey.objects.create(digest="over", expires_at=NOW, **shared)
    counts = models.StartKey.objects.create(digest="counts", expires_at=NOW + DAY, **shared)

    assert prune().start_keys == 1
    assert kept(over, counts) == [False, True]


def test_sessions_go_once_they_have_expired() -> None:
    over = Session.objects.create(session_key="over", expire_date=NOW - DAY)
    counts = Session.objects.create(session_key="counts", expire_date=NOW + DAY)

    assert prune().sessions == 1
    assert kept(over, counts) == [False, True]


def test_failure_groups_go_with_their_last_runs_unless_somebody_has_them_in_hand() -> None:
    integration = IntegrationFactory.create()

    def group(name: str, *, days_ago: int = 181, **columns: Any) -> models.FailureGroup:
        seen = NOW - days_ago * DAY
        return models.FailureGroup.objects.create(
            integration=integration, fingerprint=name, title=name, first_seen=seen, last_seen=seen, **columns
        )

    with_run = group("with run")
    RunFactory.create(failed=True, finished_at=NOW - DAY, failure_group=with_run)
    with_old_run = group("with old run")
    RunFactory.create(failed=True, finished_at=NOW - 999 * DAY, failure_group=with_old_run)
    without, resolved = group("without"), group("resolved", note="fixed", resolved_at=NOON)
    user = User.objects.create(username="ada")
    stay = [with_run, group("young", days_ago=179), group("noted", note="wait"), group("assigned", assigned_to=user)]

    assert prune().failure_groups == 3
    assert kept(without, resolved, with_old_run, *stay) == [False] * 3 + [True] * 4


def test_bulk_operations_go_with_their_items_after_ninety_days() -> None:
    def operation(**columns: Any) -> models.BulkOperation:
        row = models.BulkOperation.objects.create(kind="retry", reason="x", total=5, **columns)
        items = [models.BulkItem(operation=row, run_id=models.identifiers.uuid7()) for _ in range(5)]
        models.BulkItem.objects.bulk_create(items)
        return row

    old = operation(status="succeeded", finished_at=NOW - 91 * DAY)
    young = operation(status="cancelled", finished_at=NOW - 89 * DAY)
    running = operation(created_at=NOON)
    pace = Pace(rows=2, most_rows=2)

    for step in retention_expired.steps(NOW):
        step(pace)

    assert pace.pruned.bulk_operations == 1
    assert kept(old, young, running) == [False, True, True]
    assert models.BulkItem.objects.count() == 10


def test_record_counts_what_went_and_the_audit_log_says_so() -> None:
    models.Worker.objects.create(name="killed", host="h", pid=1, concurrency=1, seen_at=NOON)
    slot(JobFactory.create(), days_ago=91)
    prune()

    (row,) = retention.prunings(by=SYSTEM)
    assert (row.slots, row.workers, row.others) == (1, 1, 1)
