"""Writing a schedule in a browser, with its next times beside it, and the calendar on a phone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations import models
from tests.browser.page import Page
from tests.operations.scene import put
from tests.operations.scheduling import make_home

pytestmark = pytest.mark.browser

PREVIEW = "[data-schedule-preview]"


@pytest.fixture
def job(transactional_db: None) -> models.Job:
    row: models.Job = put(make_home(), "jobs", tag="tick", env="dev", schedule={"every": 3600})
    return row


def change_url(job: models.Job) -> str:
    return reverse("admin:integrations_job_change", args=[job.pk])


def test_next_times_follow_what_is_written(admin_page: Page, job: models.Job) -> None:
    admin_page.open(change_url(job))
    assert not admin_page.find("#id_cron").is_displayed()

    admin_page.click("#id_when option[value=cron]")
    admin_page.type_into("#id_cron", "0 0 31 2 *")
    admin_page.wait_for_text(PREVIEW, "never fires")
    admin_page.find("#id_cron").clear()
    admin_page.type_into("#id_cron", "30 6 * * *")
    admin_page.wait_until(lambda: admin_page.find(PREVIEW).text.count("06:30:00") == 5)
    admin_page.click("[name=_save]")

    admin_page.wait_for("#result_list")
    job.refresh_from_db()
    assert job.schedule == {"cron": "30 6 * * *"}


@pytest.mark.parametrize("size", [Page.DESKTOP, Page.PHONE])
@pytest.mark.parametrize("span", ["week", "month"])
def test_calendar_fits_the_screen(admin_page: Page, job: models.Job, size: tuple[int, int], span: str) -> None:
    models.Slot.objects.create(
        job=job, nominal_at=timezone.now() - dt.timedelta(hours=3), status="missed", reason="nobody was there"
    )
    admin_page.resize(*size)

    admin_page.open(f"{reverse('admin:integrations_job_calendar')}?span={span}")

    assert "tick" in admin_page.find(".calendar").text
    assert admin_page.script("return document.documentElement.scrollWidth <= innerWidth")
