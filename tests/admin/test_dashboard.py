from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Integration
from tests.admin.conftest import logged_in, member
from tests.admin.pages import text
from tests.factories import EnvironmentFactory, FeatureFactory, RunFactory, UserFactory

OVERVIEW = "/admin/"


@pytest.fixture
def viewer(integration: Integration) -> Client:
    return logged_in(member(integration, "Viewers"))


def run_in(integration: Integration, **columns: Any) -> Any:
    environment = integration.environments.first() or EnvironmentFactory.create(integration=integration)
    return RunFactory.create(integration=integration, environment=environment, **columns)


def test_overview_shows_the_newest_runs_that_one_may_see(viewer: Client, integration: Integration) -> None:
    now = timezone.now()
    older = run_in(integration, succeeded=True, created_at=now - dt.timedelta(hours=2))
    newer = run_in(integration, failed=True, created_at=now)
    foreign = RunFactory.create()

    page = viewer.get(OVERVIEW)

    assert [run["feature"] for run in page.context["recent_runs"]] == [str(newer.feature), str(older.feature)]
    assert str(foreign.feature) not in text(page)


def test_overview_counts_the_runs_of_a_day_by_status(viewer: Client, integration: Integration) -> None:
    now = timezone.now()
    for age_hours, status in ((1, "succeeded"), (2, "succeeded"), (3, "failed"), (30, "failed")):
        run_in(integration, **{status: True}, created_at=now - dt.timedelta(hours=age_hours))
    RunFactory.create(failed=True, created_at=now)

    counts = viewer.get(OVERVIEW).context["status_counts"]

    assert [(each["status"], each["count"]) for each in counts] == [("succeeded", 2), ("failed", 1)]
    assert viewer.get(counts[1]["url"]).status_code == 200


def test_overview_lists_integrations_with_features_and_their_last_run(viewer: Client, integration: Integration) -> None:
    FeatureFactory.create_batch(3, integration=integration)
    run_in(integration, succeeded=True, created_at=timezone.now() - dt.timedelta(hours=1))
    run_in(integration, failed=True, created_at=timezone.now())
    RunFactory.create()

    (listed,) = viewer.get(OVERVIEW).context["integrations"]

    assert (listed["name"], listed["features"], listed["last_run_status"]) == ("Order sync", 3, "failed")


def test_overview_of_an_empty_console_shows_the_first_steps(db: None) -> None:
    superuser = UserFactory.create(is_staff=True, is_superuser=True)

    page = logged_in(superuser).get(OVERVIEW)

    assert [step["title"] for step in page.context["first_steps"]] == [
        "Describe an app",
        "Create an integration",
        "Add an environment",
        "Connect the app",
        "Write a feature",
    ]
    assert "First steps" in text(page)
    assert all(logged_in(superuser).get(step["url"]).status_code == 200 for step in page.context["first_steps"])


def test_overview_without_permissions_shows_nothing_of_runs(integration: Integration) -> None:
    run_in(integration, succeeded=True)

    context = logged_in(member(integration)).get(OVERVIEW).context

    assert "recent_runs" not in context
    assert "integrations" not in context


def test_overview_takes_the_same_queries_for_many_rows(
    viewer: Client, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        run_in(integration, succeeded=True, created_at=timezone.now())

    with django_assert_max_num_queries(9):
        viewer.get(OVERVIEW)
