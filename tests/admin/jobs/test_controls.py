from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import jobs
from tests.admin import pages
from tests.admin.conftest import logged_in, member
from tests.scenes.nesting import PAUSE, made_of
from tests.scenes.scene import last_audit, put
from tests.scenes.scheduling import START

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(integration: models.Integration) -> models.Job:
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    put(integration, "features", publish=True, **made_of("tick", PAUSE))
    row: models.Job = put(integration, "jobs", tag="tick", env="dev", schedule={"every": 3600}, overlap="queue")
    return row


def url(job: models.Job, page: str) -> str:
    return reverse(f"admin:integrations_job_{page}", args=[job.pk])


def test_reason_for_pausing_is_asked_for_and_kept(page: Client, job: models.Job) -> None:
    assert 'aria-label="Why it is paused"' in pages.text(page.get(pages.change_url(job)))

    page.post(url(job, "pause"), {"reason": "Stocktaking"})

    assert last_audit().reason == "Stocktaking"


def test_next_time_is_told_with_its_zone(page: Client, job: models.Job) -> None:
    assert job.next_at is not None
    shown = f"{job.next_at:%Y-%m-%d %H:%M:%S} UTC"

    assert shown in pages.text(page.get(pages.change_url(job)))
    assert shown in pages.text(page.get(pages.list_url(models.Job)))


@pytest.mark.parametrize("is_there", [True, False])
def test_time_that_nobody_has_come_to_is_due_and_no_worker_is_told_of(
    page: Client, job: models.Job, is_there: bool
) -> None:
    if is_there:
        models.Worker.objects.create(name="w", host="web-1", pid=4711, concurrency=100)
    early = pages.text(page.get(pages.change_url(job)))
    models.Job.objects.update(next_at=START - dt.timedelta(days=300))
    late = pages.text(page.get(pages.change_url(job)))
    listed = pages.text(page.get(pages.list_url(models.Job)))

    assert ("On schedule" in early, "On schedule" in late) == (True, False)
    assert ("due since" in early, "due since" in late) == (False, True)
    assert f"due since {START - dt.timedelta(days=300):%Y-%m-%d %H:%M:%S} UTC" in listed
    assert ("No worker is alive" in early, "No worker is alive" in late) == (not is_there, not is_there)


@pytest.mark.parametrize("changes", [{"paused": True}, {"schedule": None}])
def test_worker_is_not_asked_for_where_nothing_fires(page: Client, job: models.Job, changes: dict[str, Any]) -> None:
    jobs.update(integration=job.integration, tag="tick", changes=changes, by=SYSTEM)

    assert "No worker is alive" not in pages.text(page.get(pages.change_url(job)))


def test_form_says_how_many_missed_times_are_made_up_for(page: Client, job: models.Job) -> None:
    assert "makes up for the last 100" in pages.text(page.get(pages.change_url(job)))


def test_what_waits_is_shown_and_skipped(page: Client, job: models.Job) -> None:
    assert "Skip what is waiting" not in pages.text(page.get(pages.change_url(job)))
    slot = models.Slot.objects.create(job=job, nominal_at=START, status="queued")
    assert "1 time waits" in pages.text(page.get(pages.change_url(job)))

    page.post(url(job, "skip_waiting"), {"reason": "too late"})

    slot.refresh_from_db()
    assert slot.status == "skipped"
    assert slot.reason.endswith("too late")


def test_job_without_a_schedule_has_no_times_and_nothing_to_pause(page: Client, job: models.Job) -> None:
    jobs.update(integration=job.integration, tag="tick", changes={"schedule": None}, by=SYSTEM)
    never = pages.text(page.get(pages.change_url(job)))
    models.Slot.objects.create(job=job, nominal_at=timezone.now() - dt.timedelta(hours=1), status="skipped")
    once = pages.text(page.get(pages.change_url(job)))

    assert url(job, "pause") not in never
    assert ("What became of each time" in never, "What became of each time" in once) == (False, True)
    assert ('href="#history-title"' in never, 'href="#ledger-title"' in once) == (True, True)


def test_viewer_skips_nothing(job: models.Job) -> None:
    models.Slot.objects.create(job=job, nominal_at=START, status="queued")

    assert logged_in(member(job.integration, "Viewers")).post(url(job, "skip_waiting")).status_code == 403
    assert models.Slot.objects.filter(status="queued").exists()
