"""Writing a schedule in a browser, with its next times beside it, and the calendar on a phone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from selenium.webdriver.common.keys import Keys

from integrations import models
from tests.browser.page import Page
from tests.scenes.scene import bound, make_app, put
from tests.scenes.scheduling import make_home

pytestmark = pytest.mark.browser

PREVIEW = "[data-schedule-preview]"
TAKES = "[data-job-takes]"
#: The buttons that reach beyond the panel of what can be done with a job.
CUT_OFF = """
return [...document.querySelectorAll(".job-controls .button")]
  .filter((each) => each.getBoundingClientRect().right > each.closest(".panel").getBoundingClientRect().right - 8)
  .map((each) => each.textContent);
"""
#: The id of what has the focus, whether its middle is what one sees there, and whether it has an outline.
FOCUS = """
const focused = document.activeElement, box = focused.getBoundingClientRect();
const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
return [focused.id, focused.contains(top), getComputedStyle(focused).outlineStyle !== "none"];
"""


@pytest.fixture
def job(transactional_db: None) -> models.Job:
    row: models.Job = put(make_home(), "jobs", tag="tick", env="dev", schedule={"every": 3600})
    return row


def change_url(job: models.Job) -> str:
    return reverse("admin:integrations_job_change", args=[job.pk])


def test_boxes_are_those_of_what_it_fires_by(admin_page: Page, job: models.Job) -> None:
    boxes = ("cron", "tz", "every", "start_at", "end_at", "limit", "overlap", "missed")
    of_any = {"start_at", "end_at", "limit", "overlap", "missed"}
    admin_page.open(change_url(job))

    def shown(kind: str) -> set[str]:
        admin_page.click(f"#id_when option[value='{kind}']")
        return {name for name in boxes if admin_page.is_visible(f"#id_{name}")}

    assert shown("") == set()
    assert shown("cron") == of_any | {"cron", "tz"}
    assert shown("every") == of_any | {"every"}
    assert shown("once") == of_any


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


def test_what_has_the_focus_is_seen_above_the_buttons_of_the_form(admin_page: Page, job: models.Job) -> None:
    admin_page.open(change_url(job))
    admin_page.find("#id_when").send_keys(Keys.NULL)
    # So that the next box is in the window, below the line of buttons.
    admin_page.script(
        "scrollBy(0, document.querySelector('#id_every').getBoundingClientRect().bottom - innerHeight + 5)"
    )
    focused: list[tuple[str, bool, bool]] = []

    while not focused or focused[-1][0] != "id_timeout":
        admin_page.press(Keys.TAB)
        focused.append(tuple(admin_page.script(FOCUS)))

    names = ("every", "start_at", "end_at", "limit", "overlap", "missed", "priority", "paused", "retries", "timeout")
    assert [(name, is_seen) for name, is_seen, _ in focused] == [(f"id_{name}", True) for name in names]
    assert all(outlined for name, _, outlined in focused if name == "id_paused")


def test_choices_follow_the_integration_and_the_sample_fills_an_empty_box(admin_page: Page, job: models.Job) -> None:
    home, fields = job.integration, [{"key": "item", "type": "string", "sampleValue": "lamp"}]
    put(home, "features", publish=True, tag="order", language="js", function="(i) => i", input=fields)
    admin_page.open(reverse("admin:integrations_job_add"))
    admin_page.wait_for_text(TAKES, "once the integration is chosen")
    assert not admin_page.count("#id_target optgroup")

    admin_page.click(f"#id_integration option[value='{home.pk}']")
    admin_page.wait_until(lambda: admin_page.count("#id_target optgroup") == 2)
    admin_page.click("#id_target optgroup[label=Features] option[value*=order]")
    admin_page.click("#id_environment option:last-child")
    admin_page.wait_for_text(TAKES, "What feature order takes")
    admin_page.click("[data-fill-sample]")
    admin_page.wait_for_text("#id_input + .code-editor .cm-content", "lamp")
    assert not admin_page.find("[data-fill-sample]").is_enabled()
    admin_page.type_into("#id_tag", "nightly")
    admin_page.click("[name=_save]")

    admin_page.wait_for("#result_list")
    made = models.Job.objects.select_related("environment").get(tag="nightly")
    assert (made.target, made.input) == ({"event": "order"}, {"item": "lamp"})
    assert made.environment == job.environment


def test_what_the_feature_of_the_same_tag_takes_follows_the_tag(admin_page: Page, job: models.Job) -> None:
    admin_page.open(f"{reverse('admin:integrations_job_add')}?integration={job.integration_id}")

    admin_page.type_into("#id_tag", "tic")
    admin_page.wait_for_text(TAKES, "There is no feature tic")
    admin_page.type_into("#id_tag", "k")

    admin_page.wait_for_text(TAKES, "What feature tick takes")


def test_job_is_run_with_other_input_by_keyboard(admin_page: Page, job: models.Job) -> None:
    fields = [{"key": "item", "type": "string", "minLength": 3}]
    put(job.integration, "features", publish=True, tag="order", language="js", function="(i) => i", input=fields)
    order = put(job.integration, "jobs", tag="order", env="dev", input={"item": "desk"})
    admin_page.open(change_url(order))

    admin_page.find("a[href$='/run-with/']").send_keys(Keys.ENTER)
    admin_page.wait_for("#id_input-item")
    admin_page.find("#id_input-item").send_keys("-2", Keys.ENTER)

    admin_page.wait_for_text(".run-summary", "Succeeded")
    assert models.Run.objects.get().output == {"item": "desk-2"}


@pytest.mark.parametrize("size", [Page.DESKTOP, Page.PHONE])
def test_pages_of_a_job_fit_the_screen(admin_page: Page, job: models.Job, size: tuple[int, int]) -> None:
    make_app()
    put(job.integration, "connected_apps", access_tag="shop", envs=[bound("dev")])
    target = {"type": "action", "event": "login", "app": "shop"}
    schedule = {"cron": "30 6 * * *", "tz": "Europe/Berlin"}
    body = {"body": {"user": "ada", "password": "x"}}
    tag = "log_in_" + "x" * 40
    login = put(job.integration, "jobs", tag=tag, env="dev", target=target, input=body, schedule=schedule)
    models.Slot.objects.create(job=login, nominal_at=timezone.now(), status="queued")
    admin_page.resize(*size)

    for page in (change_url(login), reverse("admin:integrations_job_run_with", args=[login.pk])):
        admin_page.open(page)

        assert "password" in admin_page.find(".job-takes").text
        # Not the width that is seen, which a phone makes wide enough for what is on the page.
        assert admin_page.script("return document.documentElement.scrollWidth") <= size[0], page
        assert not admin_page.script(CUT_OFF), page


@pytest.mark.parametrize("size", [Page.DESKTOP, Page.PHONE])
@pytest.mark.parametrize("span", ["week", "month"])
def test_calendar_fits_the_screen(admin_page: Page, job: models.Job, size: tuple[int, int], span: str) -> None:
    models.Slot.objects.create(
        job=job, nominal_at=timezone.now() - dt.timedelta(hours=3), status="missed", reason="nobody was there"
    )
    admin_page.resize(*size)

    admin_page.open(f"{reverse('admin:integrations_job_calendar')}?span={span}")

    assert "tick" in admin_page.find(".calendar").text
    assert admin_page.script("return document.documentElement.scrollWidth") <= size[0]
