"""How the calendar and the ledger of jobs tell how the runs ended that their schedules have started."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations import models
from integrations.admin.jobs import calendar as job_calendar
from tests.admin import pages
from tests.admin.conftest import logged_in, member
from tests.scenes.nesting import PAUSE, made_of
from tests.scenes.scene import put
from tests.scenes.scheduling import START, Hands, end, fire, hands, make_job, runs_of

__all__ = ["hands"]

pytestmark = pytest.mark.django_db

DAY = {"day": START.date().isoformat()}


@pytest.fixture
def home(integration: models.Integration) -> models.Integration:
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    put(integration, "features", publish=True, **made_of("tick", PAUSE))
    return integration


def calendar(page: Client) -> str:
    return pages.text(page.get(reverse("admin:integrations_job_calendar"), DAY))


def outcomes(text: str) -> dict[str, str]:
    """Return what the calendar says became of times, with the status whose sign and color it has."""
    of_entry = r'<span data-status="(\w+)"><span[^>]*>\w+</span>(?:<a [^>]*>)?([^<]+)'
    return {words: status for status, words in re.findall(of_entry, text)}


def links(text: str) -> dict[str, str]:
    return {words: url for url, words in re.findall(r'<a href="(/admin/integrations/run/\?[^"]+)">([^<]+)</a>', text)}


def listed(page: Client, url: str) -> set[Any]:
    response = page.get(url)
    assert response.status_code == 200, response.headers.get("Location")
    return set(response.context["cl"].queryset)


def fire_four_times(hands: Hands, home: models.Integration, **fields: Any) -> models.Job:
    """Return a job of which one run each succeeded, failed, was cancelled and goes on."""
    job = make_job(hands, home, **{"overlap": "allow", **fields})
    for _ in range(4):
        hands.turn(minutes=10)
        fire(hands)
    runs = runs_of(job)
    end(runs[0])
    end(runs[1], "failed")
    models.Run.objects.filter(pk=runs[2].pk).update(status="cancelled", finished_at=hands.now)
    return job


def test_calendar_says_how_the_runs_ended_and_leads_to_them(
    hands: Hands, page: Client, home: models.Integration
) -> None:
    job = fire_four_times(hands, home)
    runs = runs_of(job)

    text = calendar(page)

    expected = {"failed": "failed", "cancelled": "cancelled", "going on": "running", "succeeded": "succeeded"}
    assert {words: status for words, status in outcomes(text).items() if "coming" not in words} == expected
    # The worst of them colors the day.
    assert '<div class="calendar__entry" data-status="failed">' in text
    found = {words: listed(page, url) for words, url in links(text).items()}
    assert found == {"succeeded": {runs[0]}, "failed": {runs[1]}, "cancelled": {runs[2]}, "going on": {runs[3]}}


def test_run_that_failed_and_was_retried_counts_by_its_last_attempt(
    hands: Hands, page: Client, home: models.Integration
) -> None:
    job = make_job(hands, home, retries=2)
    hands.turn(minutes=10)
    fire(hands)
    end(runs_of(job)[0], "failed")
    assert outcomes(calendar(page))["going on"] == "running"
    ledger = pages.text(page.get(pages.change_url(job)))
    hands.turn(minutes=5)

    end(runs_of(job)[1])

    text = calendar(page)
    assert "failed" not in outcomes(text)
    assert listed(page, links(text)["succeeded"]) == {runs_of(job)[1]}
    assert ended(ledger) == ["scheduled", "scheduled"]
    assert ended(pages.text(page.get(pages.change_url(job)))) == ["succeeded", "succeeded"]


def test_ledger_calls_no_failed_run_a_success(hands: Hands, page: Client, home: models.Integration) -> None:
    job = make_job(hands, home)
    hands.turn(minutes=10)
    fire(hands)
    end(runs_of(job)[0], "failed")

    assert ended(pages.text(page.get(pages.change_url(job)))) == ["failed", "failed"]


def ended(text: str) -> list[str]:
    """Return the statuses that the ledger's first entry that is not to come shows, of its time and of its run."""
    [row] = [row for row in re.findall(r"<tr>.*?</tr>", text, re.DOTALL) if ">Ran<" in row]
    return re.findall(r'data-status="(\w+)"', row)


def test_deleted_run_is_told_of_without_how_it_ended(hands: Hands, page: Client, home: models.Integration) -> None:
    job = make_job(hands, home)
    models.Slot.objects.create(job=job, nominal_at=START - dt.timedelta(hours=1), status="started")

    text = calendar(page)

    assert outcomes(text)["ran"] == "skipped"
    assert "ran" not in links(text)


def test_runs_are_led_to_only_for_those_who_may_see_them(hands: Hands, page: Client, home: models.Integration) -> None:
    fire_four_times(hands, home)
    user = member(home)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_job", "view_slot"]))

    text = calendar(logged_in(user))

    assert outcomes(text)["failed"] == "failed"
    assert links(text) == {}


def test_calendar_takes_the_same_queries_for_many_jobs(hands: Hands, page: Client, home: models.Integration) -> None:
    fire_four_times(hands, home)
    calendar(page)  # what a first look reads besides
    with CaptureQueriesContext(connection) as few:
        calendar(page)
    for number in range(3):
        fire_four_times(hands, home, tag=f"other{number}", target={"event": "tick"})
    with CaptureQueriesContext(connection) as many:
        calendar(page)

    assert len(many) == len(few)


def test_day_of_a_month_shows_some_jobs_the_urgent_ones_first_and_leads_to_all(
    hands: Hands, page: Client, home: models.Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_calendar, "_MOST_ENTRIES", 2)
    for number in range(3):
        make_job(hands, home, tag=f"calm{number}", target={"event": "tick"}, schedule={"every": 600, "limit": 1})
    failed = make_job(hands, home, tag="failed", target={"event": "tick"}, schedule={"every": 601, "limit": 1})
    hands.turn(minutes=11)
    fire(hands)
    end(runs_of(failed)[0], "failed")

    month = pages.text(page.get(reverse("admin:integrations_job_calendar"), {**DAY, "span": "month"}))
    [(url, words)] = re.findall(r'class="calendar__more" href="([^"]+)">([^<]+)', month)
    week = pages.text(page.get(reverse("admin:integrations_job_calendar") + html.unescape(url)))

    assert shown(month) == ["calm0", "failed"]
    assert words == "and 2 more"
    assert shown(week) == ["calm0", "calm1", "calm2", "failed"]
    assert "calendar__more" not in week


def shown(text: str) -> list[str]:
    return [tag.strip() for tag in re.findall(r'class="calendar__job">([^<]+)', text)]
