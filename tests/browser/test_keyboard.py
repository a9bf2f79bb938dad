"""An operator's day without a mouse: a job made, paused, run, its run cancelled, replayed and compared."""

from __future__ import annotations

import pytest
from django.urls import reverse
from selenium.webdriver.common.keys import Keys

from integrations import models
from tests.browser.page import Page
from tests.scenes.nesting import made_of, make_nest

#: More than any of these pages has.
_MOST_STOPS = 150


@pytest.fixture
def nest(transactional_db: None) -> models.Integration:
    return make_nest(made_of("tick", {"type": "wait", "event": "pause", "input": {"seconds": 3_600}}))


class Keyboard:
    """Moves about a page with Tab and acts with the keys that people use; what cannot be reached so fails the test."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def reach(self, selector: str) -> None:
        """Press Tab until what has the focus fits."""
        for _ in range(_MOST_STOPS):
            if self._page.script("return document.activeElement.matches(arguments[0])", selector):
                return
            # Code editors keep Tab for themselves until Esc was pressed.
            inside = self._page.script("return Boolean(document.activeElement.closest('.cm-editor'))")
            self._page.press(*([Keys.ESCAPE] if inside else []), Keys.TAB)
        raise AssertionError(f"{selector} cannot be reached by Tab")

    def press(self, selector: str, key: str = Keys.ENTER) -> None:
        self.reach(selector)
        self._page.press(key)

    def write(self, selector: str, text: str) -> None:
        self.reach(selector)
        self._page.press(*text)


def test_operating_a_job_and_its_runs_takes_no_mouse(admin_page: Page, nest: models.Integration) -> None:
    page, keyboard = admin_page, Keyboard(admin_page)
    page.open(f"{reverse('admin:integrations_job_add')}?integration={nest.pk}")
    keyboard.write("#id_tag", "tick")
    keyboard.write("#id_environment", "Development")
    keyboard.write("#id_when", "Every")
    keyboard.write("#id_every", "600")
    keyboard.press("[name=_continue]")
    page.wait_for(".job-controls")

    keyboard.press("form[action$='/pause/'] button")
    page.wait_for_text(".job-controls", "Paused")
    keyboard.press("form[action$='/run/'] button")
    page.wait_for_text(".run-summary", "Waiting")

    keyboard.press("#cancel")
    keyboard.write("[name=reason]", "too early")
    keyboard.press("#confirm")
    page.wait_for_text(".run-summary", "Cancelled")

    keyboard.press("a[href$='/replay/']")
    keyboard.write("#id_reason", "now it is time")
    keyboard.press(".run-form__submit .button--primary")
    page.wait_for_text(".lineage", "now it is time")
    first, second = models.Run.objects.order_by("pk")
    assert (first.status, second.replay_of) == ("cancelled", first)
    assert not models.Job.objects.get().next_at

    keyboard.press("a[href$='/compare/']")
    keyboard.press(".compare-candidates a")
    page.wait_for_text(".compare-sides", "The other")
