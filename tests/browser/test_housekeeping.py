"""The housekeeping page in a browser: pausing dispatch shows on every page, and its banner resumes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from integrations.models import RetentionRule
from integrations.runtime.dispatch import state as dispatch_state
from tests.browser.page import Page
from tests.factories import RunFactory

PAGE = "/admin/integrations/retentionrule/"


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    dispatch_state.forget()
    yield
    dispatch_state.forget()


@pytest.mark.parametrize("size", [Page.DESKTOP, Page.PHONE])
def test_pause_shows_on_every_page_until_the_banner_resumes(admin_page: Page, size: tuple[int, int]) -> None:
    run = RunFactory.create(succeeded=True, finished_at=dt.datetime(2001, 1, 1, tzinfo=dt.UTC))
    RetentionRule.objects.create(integration=run.integration, status="failed", keep_days=30)
    admin_page.resize(*size)
    admin_page.open(PAGE)
    admin_page.find("#pause-reason").send_keys("the supplier moves")
    admin_page.find(".housekeeping-pause button").click()

    admin_page.wait_for_text(".notice--banner", "the supplier moves")
    assert admin_page.script("return document.documentElement.scrollWidth <= innerWidth")
    admin_page.open("/admin/integrations/run/")
    admin_page.wait_for_text(".notice--banner", "Dispatch is paused")
    admin_page.find(".notice--banner button").click()

    admin_page.wait_for_text("#dispatch-title + p", "On:")
