"""Running a feature in a browser: the form, the page of the run, and following a run that goes on."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from selenium.webdriver.common.keys import Keys

from examples import shop
from examples.orders_api import RunningApi
from integrations.actors import SYSTEM
from integrations.builder import Ductape
from integrations.models import Approval, Feature, Integration, Run, Worker
from integrations.operations import features
from tests.browser.page import Page
from tests.factories import EnvironmentFactory, FeatureFactory, IntegrationFactory, RunFactory, StepFactory
from tests.factories.run import NOON

FORM = "[data-run-form]"
RUN = "[data-run-submit]"
SUMMARY = ".run-summary"


@pytest.fixture
def shop_feature(orders_api: RunningApi, transactional_db: None) -> Feature:
    shop.load(Ductape(user=SYSTEM), api_url=orders_api.url)
    return Feature.objects.get(tag=shop.FEATURE)


@pytest.fixture
def feature(transactional_db: None) -> Feature:
    integration: Integration = IntegrationFactory.create()
    EnvironmentFactory.create(integration=integration, slug="dev")
    fields = [{"key": "item", "type": "string", "minLength": 3}, {"key": "lines", "type": "array"}]
    row: Feature = FeatureFactory.create(integration=integration, tag="echo", input=fields)
    features.publish(row=row, by=SYSTEM)
    return row


def run_url(feature: Feature) -> str:
    return reverse("admin:integrations_feature_run", args=[feature.pk])


def url_of(run: Run) -> str:
    return reverse("admin:integrations_run_change", args=[run.pk])


def test_story_from_login_to_output(browser: Page, shop_feature: Feature) -> None:
    User.objects.create_superuser("ada", password="enchantress")
    browser.open("/admin/login/?next=/admin/integrations/feature/")
    browser.type_into("#id_username", "ada")
    browser.type_into("#id_password", "enchantress")
    browser.click("#login-form [type=submit]")
    browser.wait_until(lambda: browser.find_link(shop.FEATURE).is_displayed())
    browser.find_link(shop.FEATURE).click()
    browser.click(f"a[href='{run_url(shop_feature)}']")
    browser.wait_for(FORM)

    browser.find_link("Fill in the samples").click()
    browser.wait_until(lambda: browser.find("#id_input-item").get_attribute("value") == "lamp")
    browser.click(RUN)

    browser.wait_for_text(SUMMARY, "Succeeded")
    browser.wait_for_text("#json-output", '"summary": "3 x lamp for 78.72 EUR"')
    assert "attempt 3, retried after http_503" in browser.find("[aria-label=payment]").text
    assert browser.count(".run-bar__part") == 6
    assert "3 pieces, 10% off" in browser.find(".run-log").text


def test_form_by_keyboard_runs(admin_page: Page, feature: Feature) -> None:
    admin_page.open(run_url(feature))
    admin_page.find("#id_input-item").send_keys("lamp")
    admin_page.press(Keys.TAB)
    admin_page.driver.execute_cdp_cmd("Input.insertText", {"text": "[0, false]"})

    # Escape lets Tab leave the editor: to its own button, then to Run.
    admin_page.press(Keys.ESCAPE, Keys.TAB, Keys.TAB, Keys.ENTER)

    admin_page.wait_for_text(SUMMARY, "Succeeded")
    assert Run.objects.get().output == {"item": "lamp", "lines": [0, False]}


def test_problems_are_shown_where_they_are_and_get_the_focus(admin_page: Page, feature: Feature) -> None:
    admin_page.open(run_url(feature))
    admin_page.script("document.querySelector(arguments[0]).noValidate = true", FORM)
    admin_page.find("#id_input-item").send_keys("ab")
    admin_page.replace_editor_text("id_input-lines", "{}")

    admin_page.click(RUN)

    admin_page.wait_for("[data-run-errors]")
    assert admin_page.script("return document.activeElement.matches('[data-run-errors]')")
    assert "at least 3 characters" in admin_page.find("#id_input-item_error").text
    admin_page.wait_for_text("#id_input-lines + .code-editor .problem-list", "should be a list")
    assert admin_page.find("#id_input-item").get_attribute("value") == "ab"


def test_run_that_goes_on_is_followed_to_its_end(admin_page: Page, feature: Feature) -> None:
    run = _running(feature)
    admin_page.open(url_of(run))
    admin_page.wait_for_text(SUMMARY, "Running")
    admin_page.click(f"#step-{run.steps.get().pk}-summary")

    run.steps.update(status="succeeded", finished_at=NOON)
    StepFactory.create(run=run, sequence="main", event="second")
    admin_page.wait_for_text(".run-steps", "second")

    assert admin_page.find(f"#step-{run.steps.first().pk}-details").get_attribute("open")  # type: ignore[union-attr]
    assert "1 of 2" in str(admin_page.find("[data-live-announce]").get_attribute("textContent"))
    Run.objects.transition(run.pk, from_=Run.Status.RUNNING, to=Run.Status.SUCCEEDED, output={"left": 0})
    admin_page.wait_for_text(SUMMARY, "Succeeded")
    admin_page.wait_for_text("#json-output", '"left": 0')


def test_followed_run_that_has_ended_is_not_asked_for_again(admin_page: Page, feature: Feature) -> None:
    run = _running(feature)
    admin_page.open(url_of(run))
    Run.objects.transition(run.pk, from_=Run.Status.RUNNING, to=Run.Status.SUCCEEDED)
    admin_page.wait_for_text(SUMMARY, "Succeeded")

    looks = _looks(admin_page, run)

    admin_page.driver.execute_async_script("setTimeout(arguments[0], 900)")

    assert looks >= 1
    assert _looks(admin_page, run) == looks


def test_waiting_run_is_cancelled_once_that_is_confirmed(admin_page: Page, feature: Feature) -> None:
    run: Run = RunFactory.create(feature=feature, integration=feature.integration, waiting=True)
    admin_page.open(url_of(run))

    admin_page.click("#cancel")
    admin_page.type_into("#reason", "no longer needed")
    admin_page.click("#confirm")

    admin_page.wait_for_text(SUMMARY, "Cancelled")


def test_approval_is_decided_from_the_page_of_its_run(admin_page: Page, feature: Feature) -> None:
    run: Run = RunFactory.create(feature=feature, integration=feature.integration, waiting=True, due_at=None)
    admin_page.open(url_of(run))
    approval = Approval.objects.create(
        run=run, step="main/boss", event="boss", title="Ship it?", payload={"total": 12}, self_approval=True
    )
    Worker.objects.create(name="web-1:7:ab", host="web-1", pid=7, concurrency=1)

    admin_page.click(f"#approval-{approval.pk}")
    admin_page.wait_for_text("#json-payload", '"total": 12')
    admin_page.type_into("#reason", "in budget")
    admin_page.click("#approve")

    admin_page.wait_for_text(SUMMARY, "Queued")
    approval.refresh_from_db()
    assert (approval.decision, approval.reason) == ("approved", "in budget")


def test_link_to_a_folded_attempt_opens_it(admin_page: Page, feature: Feature) -> None:
    run = RunFactory.create(feature=feature, integration=feature.integration, failed=True)
    first = StepFactory.create(
        run=run, event="pay", attempt=1, status="failed", error_code="http_503", finished_at=NOON
    )
    StepFactory.create(run=run, event="pay", attempt=2, status="failed", error_code="http_500", finished_at=NOON)

    admin_page.open(f"{url_of(run)}#step-{first.pk}")

    admin_page.wait_for(f"#step-{first.pk}")


@pytest.mark.parametrize("size", [Page.DESKTOP, Page.PHONE], ids=["desktop", "phone"])
def test_pages_fit_and_break_no_rule(admin_page: Page, feature: Feature, size: tuple[int, int]) -> None:
    admin_page.resize(*size)
    run: Any = RunFactory.create(feature=feature, integration=feature.integration, failed=True, error_message="x" * 300)
    StepFactory.create(
        run=run, status="failed", output={"text": "y" * 9000}, error_message="z" * 300, error_code="threw"
    )

    for path in ("/admin/", "/admin/integrations/run/", run_url(feature), url_of(run), url_of(run) + "?all=1"):
        admin_page.open(path)

        assert admin_page.script("return document.documentElement.scrollWidth") <= size[0], f"{path} scrolls sideways"


def _running(feature: Feature) -> Run:
    run: Run = RunFactory.create(feature=feature, integration=feature.integration, running=True)
    StepFactory.create(run=run, sequence="main", event="first", input={"a": 1})
    return run


def _looks(page: Page, run: Run) -> int:
    """Return how often the page has asked how the run stands."""
    progress = page.server_url + reverse("admin:integrations_run_progress", args=[run.pk])
    return int(page.script("return performance.getEntriesByName(arguments[0]).length", progress))
