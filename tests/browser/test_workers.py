"""The worker board in a browser: it follows what happens, and leaves the reader where they are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.models import Run, Worker
from tests.browser.page import Page
from tests.factories import RunFactory, StepFactory

BOARD = "/admin/integrations/worker/"


def held_run(worker: Worker) -> Run:
    lease = timezone.now() + dt.timedelta(seconds=20)
    run: Run = RunFactory.create(running=True, worker=worker.name, lease_until=lease)
    return run


@pytest.fixture
def worker(transactional_db: None) -> Worker:
    return Worker.objects.create(name="web-1:4711:ab", host="web-1", pid=4711, concurrency=100)


def test_board_follows_what_happens_without_taking_the_focus(admin_page: Page, worker: Worker) -> None:
    run = held_run(worker)
    admin_page.open(BOARD)
    admin_page.wait_for_text(".data-table", "1 / 100")
    admin_page.script("document.getElementById(arguments[0]).focus()", f"held-{run.pk}")

    held_run(worker)

    admin_page.wait_for_text(".data-table", "2 / 100")
    assert admin_page.script("return document.activeElement.id") == f"held-{run.pk}"
    assert admin_page.find("[data-live-announce]").get_attribute("textContent") == "1 worker is alive"


@pytest.mark.parametrize("size", [Page.DESKTOP, Page.PHONE], ids=["desktop", "phone"])
def test_board_fits_and_leads_to_runs(admin_page: Page, worker: Worker, size: tuple[int, int]) -> None:
    admin_page.resize(*size)
    run = held_run(worker)
    waiting: Any = RunFactory.create(waiting=True, due_at=None)
    StepFactory.create(run=waiting, status="waiting", type="approval")

    admin_page.open(BOARD)

    assert admin_page.script("return document.documentElement.scrollWidth") <= size[0]
    admin_page.click(f"#held-{run.pk}")
    admin_page.wait_for(".run-summary")
    assert admin_page.driver.current_url.endswith(reverse("admin:integrations_run_change", args=[run.pk]))
