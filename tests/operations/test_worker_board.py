"""The worker board: who executes runs, what waits and why, and what is held back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from integrations.actors import SYSTEM
from integrations.errors import PermissionRefused
from integrations.models import AppEnvironment, Circuit, Environment, Integration, RateBudget, Run, SystemState, Worker
from integrations.operations import environments, workers
from integrations.runtime.db import clock
from tests.admin.conftest import member
from tests.factories import AppEnvironmentFactory, EnvironmentFactory, IntegrationFactory, RunFactory, StepFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> dt.datetime:
    return clock.now()


@pytest.fixture
def integration() -> Integration:
    return IntegrationFactory.create(name="Order sync")


@pytest.fixture
def operator(integration: Integration) -> User:
    return member(integration, "Operators")


def worker(now: dt.datetime, *, heard_of: float = 1, **columns: Any) -> Worker:
    name = f"host:{Worker.objects.count()}:ab"
    seen_at = now - dt.timedelta(seconds=heard_of)
    return Worker.objects.create(
        **{"name": name, "host": "host", "pid": 7, "concurrency": 100, "seen_at": seen_at, "started_at": now, **columns}
    )


def run_in(integration: Integration, **columns: Any) -> Run:
    environment = integration.environments.first() or EnvironmentFactory.create(integration=integration)
    run: Run = RunFactory.create(environment=environment, integration=integration, **columns)
    return run


def held_run(integration: Integration, holder: str, now: dt.datetime) -> Run:
    return run_in(integration, running=True, worker=holder, lease_until=now + dt.timedelta(seconds=20))


def parked(integration: Integration, due_at: dt.datetime | None, **step: Any) -> Run:
    run = run_in(integration, waiting=True, due_at=due_at)
    StepFactory.create(**{"run": run, "status": "waiting", "due_at": due_at, **step})
    return run


def backlog(by: Any) -> workers.Backlog:
    (only,) = workers.board(by=by).backlogs
    return only


# Who executes runs


def test_board_names_who_is_there_and_what_they_hold(
    operator: User, integration: Integration, now: dt.datetime
) -> None:
    busy = worker(now)
    run = held_run(integration, busy.name, now)
    silent = worker(now, heard_of=60)
    worker(now, heard_of=2 * 3600)

    rows = workers.board(by=operator).workers

    assert [(row.name, row.is_alive, row.running) for row in rows] == [(busy.name, True, 1), (silent.name, False, 0)]
    assert [each.pk for each in rows[0].runs] == [run.pk]


def test_board_counts_foreign_runs_without_naming_them(operator: User, now: dt.datetime) -> None:
    busy = worker(now)
    held_run(IntegrationFactory.create(), busy.name, now)

    board = workers.board(by=operator)

    assert [(row.running, list(row.runs), row.unnamed) for row in board.workers] == [(1, [], 1)]
    assert not board.backlogs


def test_board_names_the_first_few_runs_of_a_holder(operator: User, integration: Integration, now: dt.datetime) -> None:
    busy = worker(now)
    for _ in range(7):
        held_run(integration, busy.name, now)

    (row,) = workers.board(by=operator).workers

    assert (row.running, len(row.runs), row.unnamed) == (7, 5, 2)


def test_process_that_executes_its_own_run_has_a_row(
    operator: User, integration: Integration, now: dt.datetime
) -> None:
    held_run(integration, "web:1:ff", now)

    (row,) = workers.board(by=operator).workers

    assert (row.name, row.worker, row.is_alive, row.running) == ("web:1:ff", None, False, 1)


# What is in the queue


def test_backlog_tells_due_from_later_and_finished(operator: User, integration: Integration, now: dt.datetime) -> None:
    minute = dt.timedelta(minutes=1)
    run_in(integration, due_at=now - 3 * minute)
    run_in(integration, due_at=now - minute)
    run_in(integration, waiting=True, due_at=now - minute)
    run_in(integration, status="scheduled", due_at=now + minute)
    run_in(integration, succeeded=True)
    held_run(integration, "web:1:ff", now)

    row = backlog(operator)

    assert (row.due, row.scheduled, row.waiting, row.running) == (3, 1, 0, 1)
    assert row.oldest_due_at == now - 3 * minute


def test_run_that_an_inactive_environment_holds_is_not_counted_as_due(
    operator: User, integration: Integration, now: dt.datetime
) -> None:
    due_at = now - dt.timedelta(minutes=1)
    on_hold, begun = run_in(integration, due_at=due_at), run_in(integration, due_at=due_at, started_at=due_at)
    environment = on_hold.environment
    Run.objects.filter(pk=begun.pk).update(environment=environment)
    environments.update(integration=environment.integration, tag=environment.slug, changes={"active": False}, by=SYSTEM)

    row = backlog(operator)

    assert (row.due, row.scheduled, row.waiting) == (1, 1, 0)


@pytest.mark.parametrize(
    ("step", "has_due_at", "wait"),
    [
        ({"type": "wait"}, True, "wait"),
        ({"type": "approval"}, False, "approval"),
        ({"type": "feature"}, False, "nested"),
        ({"type": "action", "error_code": "http_503"}, True, "retry"),
        ({"type": "action"}, True, "rate"),
    ],
)
def test_waiting_run_is_counted_by_what_it_waits_for(
    operator: User, integration: Integration, now: dt.datetime, step: dict[str, Any], has_due_at: bool, wait: str
) -> None:
    parked(integration, now + dt.timedelta(minutes=1) if has_due_at else None, **step)

    row = backlog(operator)

    assert (row.waiting, row.waits) == (1, {wait: 1})


def test_wait_that_is_over_is_not_counted(operator: User, integration: Integration, now: dt.datetime) -> None:
    minute = dt.timedelta(minutes=1)
    run = parked(integration, now + minute, type="wait")
    StepFactory.create(run=run, status="waiting", due_at=now - minute, error_code="http_503")

    assert backlog(operator).waits == {"wait": 1}


def test_backlogs_are_of_visible_integrations_by_name(operator: User, integration: Integration) -> None:
    other = IntegrationFactory.create(name="Billing")
    run_in(integration)
    run_in(other)

    assert [row.integration.name for row in workers.board(by=operator).backlogs] == ["Order sync"]
    assert [row.integration.name for row in workers.board(by=SYSTEM).backlogs] == ["Billing", "Order sync"]


def test_board_reads_no_finished_runs(operator: User, integration: Integration, django_assert_num_queries: Any) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's planner reads all of a table of this size")
    parked(integration, None, type="approval")

    with django_assert_num_queries(10) as captured:
        workers.board(by=SYSTEM)

    about_runs = [query["sql"] for query in captured if 'FROM "integrations_run"' in query["sql"]]
    assert len(about_runs) == 5
    with connection.cursor() as cursor:
        for sql in about_runs:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = " ".join(str(row) for row in cursor.fetchall())
            assert any(index in plan for index in ("run_queue", "run_leased", "run_by_status (status=?)")), plan


# What is held back


@pytest.fixture
def api() -> AppEnvironment:
    return AppEnvironmentFactory.create(rate_limit={"limit": 2, "period": 60})


def circuit(environment: Environment, api: AppEnvironment, now: dt.datetime, state: str = "open") -> Circuit:
    until = None if state == "closed" else now + dt.timedelta(seconds=30)
    return Circuit.objects.create(environment=environment, app_environment=api, state=state, until=until)


def test_board_shows_visible_circuits_that_are_not_closed(
    operator: User, integration: Integration, api: AppEnvironment, now: dt.datetime
) -> None:
    dev, live = (EnvironmentFactory.create(integration=integration, slug=slug) for slug in ("dev", "prd"))
    opened = circuit(dev, api, now)
    circuit(live, api, now, state="closed")
    circuit(EnvironmentFactory.create(), api, now)

    assert workers.board(by=operator).circuits == [opened]


@pytest.mark.parametrize(("ahead_seconds", "is_shown"), [(120, True), (20, False), (-5, False)])
def test_board_shows_budgets_that_make_calls_wait(
    operator: User, api: AppEnvironment, now: dt.datetime, ahead_seconds: int, is_shown: bool
) -> None:
    RateBudget.objects.create(app_environment=api, paid_until=now + dt.timedelta(seconds=ahead_seconds))

    throttles = workers.board(by=operator).throttles

    assert [each.environment for each in throttles] == [api] * is_shown


def test_budget_is_free_again_once_a_burst_fits(operator: User, api: AppEnvironment, now: dt.datetime) -> None:
    RateBudget.objects.create(app_environment=api, paid_until=now + dt.timedelta(seconds=120))

    (throttle,) = workers.board(by=operator).throttles

    assert throttle.free_at == now + dt.timedelta(seconds=90)


@pytest.mark.parametrize("is_paused", [True, False])
def test_board_says_that_dispatch_is_paused(operator: User, now: dt.datetime, is_paused: bool) -> None:
    columns = {"paused_at": now if is_paused else None, "paused_reason": "a restore"}
    SystemState.objects.update_or_create(pk=1, defaults={"dispatch_paused": is_paused, **columns})

    pause = workers.board(by=operator).pause

    assert (pause.paused_reason if pause else "") == ("a restore" if is_paused else "")


# Who may look


def test_board_without_the_permission_is_refused(integration: Integration) -> None:
    with pytest.raises(PermissionRefused, match="view_worker"):
        workers.board(by=member(integration, "Viewers"))
