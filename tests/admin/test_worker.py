from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Circuit, Integration, RateBudget, Run, SystemState, Worker
from tests.admin.conftest import logged_in, member
from tests.admin.pages import change_url, list_url, text
from tests.factories import AppEnvironmentFactory, EnvironmentFactory, RunFactory, StepFactory

PAGE = list_url(Worker)
BOARD = f"{PAGE}board/"


@pytest.fixture
def operator(integration: Integration) -> Client:
    return logged_in(member(integration, "Operators"))


def worker(**columns: Any) -> Worker:
    name = f"host:{Worker.objects.count()}:ab"
    return Worker.objects.create(**{"name": name, "host": "web-1", "pid": 4711, "concurrency": 100, **columns})


def run_in(integration: Integration, **columns: Any) -> Run:
    environment = integration.environments.first() or EnvironmentFactory.create(integration=integration)
    run: Run = RunFactory.create(environment=environment, integration=integration, **columns)
    return run


@pytest.mark.parametrize("url", [PAGE, BOARD])
def test_board_shows_workers_with_what_they_hold(operator: Client, integration: Integration, url: str) -> None:
    busy = worker(executed=1234)
    lease = timezone.now() + dt.timedelta(seconds=20)
    run = run_in(integration, running=True, worker=busy.name, lease_until=lease)

    page = text(operator.get(url))

    for expected in ("web-1", "4711", "Alive", "0 s ago", "1234", "1 / 100", change_url(run), str(run.feature)):
        assert expected in page, expected


@pytest.mark.parametrize(
    ("columns", "state"),
    [
        ({"is_stopping": True}, "Stopping"),
        ({"seen_at": timezone.now() - dt.timedelta(minutes=1)}, "Silent"),
    ],
)
def test_board_says_who_is_leaving_or_gone(operator: Client, columns: dict[str, Any], state: str) -> None:
    worker(**columns)

    assert state in text(operator.get(PAGE))


def test_board_shows_the_queue_by_integration(operator: Client, integration: Integration) -> None:
    now = timezone.now()
    run_in(integration, due_at=now - dt.timedelta(minutes=5))
    waiting = run_in(integration, waiting=True, due_at=None)
    StepFactory.create(run=waiting, status="waiting", type="approval")
    foreign = RunFactory.create()

    page = operator.get(PAGE)

    assert [(total["label"], total["count"]) for total in page.context["totals"]] == [
        ("running", 0),
        ("due", 1),
        ("later", 0),
        ("waiting", 1),
    ]
    assert "1 approval" in text(page)
    assert "5 min ago" in text(page)
    assert f"/admin/integrations/run/?integration__id__exact={integration.pk}" in text(page)
    assert foreign.integration.name not in text(page)


def test_board_without_workers_says_how_to_start_one(operator: Client) -> None:
    page = text(operator.get(PAGE))

    assert "manage.py run_worker" in page
    assert "Nothing is running or waiting" in page
    assert 'data-announcement="0 workers are alive"' in page


def test_board_says_that_nothing_is_taken_up(operator: Client) -> None:
    columns = {"dispatch_paused": True, "paused_at": timezone.now(), "paused_reason": "after a restore"}
    SystemState.objects.update_or_create(pk=1, defaults=columns)

    assert "Dispatch has been paused 0 s ago: after a restore" in text(operator.get(PAGE))


def test_board_shows_what_is_held_back(operator: Client, integration: Integration) -> None:
    api = AppEnvironmentFactory.create(app__app_name="Payments", rate_limit={"limit": 2, "period": 60})
    later = timezone.now() + dt.timedelta(seconds=300)
    environment = EnvironmentFactory.create(integration=integration)
    Circuit.objects.create(environment=environment, app_environment=api, state="open", until=later, openings=3)
    RateBudget.objects.create(app_environment=api, paid_until=later)

    page = text(operator.get(PAGE))

    for expected in ("Open circuits", "Payments", "3 times", "in 4 min", "Rate budgets that are used up", "2 calls in"):
        assert expected in page, expected


def test_board_takes_the_same_queries_for_many_rows(
    operator: Client, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    lease = timezone.now() + dt.timedelta(seconds=20)
    for _ in range(6):
        run_in(integration, running=True, worker=worker().name, lease_until=lease)
        StepFactory.create(run=run_in(integration, waiting=True, due_at=None), status="waiting", type="approval")

    # One of them asks PostgreSQL for its time, and two are asked once a second: for a pause, and for runs on hold.
    with django_assert_max_num_queries(16):
        operator.get(BOARD)


def test_fragment_is_no_page_of_its_own(operator: Client) -> None:
    page = text(operator.get(BOARD))

    assert "<html" not in page
    assert 'data-final="no"' in page


def test_worker_has_no_page_of_its_own(operator: Client) -> None:
    assert operator.get(change_url(worker())).status_code == 404


@pytest.mark.parametrize("url", [PAGE, BOARD])
def test_board_is_for_those_who_may_see_workers(integration: Integration, url: str) -> None:
    assert logged_in(member(integration, "Viewers")).get(url).status_code == 403


@pytest.mark.parametrize(("group", "is_offered"), [("Operators", True), ("Viewers", False)])
def test_sidebar_offers_the_board_to_those_who_may_see_it(
    integration: Integration, group: str, is_offered: bool
) -> None:
    page = text(logged_in(member(integration, group)).get("/admin/"))

    assert (f'href="{PAGE}"' in page) is is_offered
