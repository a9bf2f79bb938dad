"""Operating runs in a browser: a replay seen before it is made, a bulk operation followed, two runs compared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from integrations import models
from integrations.operations import bulk
from tests.browser.page import Page
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.replaying import ORDER, called, execute, make_store, refused, scripted

PLAN = ".replay__plan"


@pytest.fixture
def api() -> Iterator[FakeActionConnector]:
    with scripted() as fake:
        yield fake


@pytest.fixture
def failed(api: FakeActionConnector, transactional_db: None) -> models.Run:
    integration = make_store(ORDER)
    execute(integration)
    api.script("pay", refused())
    run = execute(integration, n=2)
    called(api)
    return run


def url_of(run: models.Run) -> str:
    return reverse("admin:integrations_run_change", args=[run.pk])


def test_retry_is_seen_before_it_is_made(admin_page: Page, failed: models.Run, api: FakeActionConnector) -> None:
    admin_page.open(url_of(failed))
    admin_page.click("a[href$='replay/?start=failure']")
    admin_page.wait_for_text(PLAN, "Taken over")
    assert not admin_page.is_visible("[data-edited-input]")

    admin_page.type_into("#id_reason", "the API is back")
    admin_page.click(".run-form__submit .button--primary")

    admin_page.wait_for_text(".run-summary", "Succeeded")
    admin_page.wait_for_text(".lineage", "the API is back")
    assert called(api) == ["pay", "mail"]


def test_another_start_shows_at_once_what_it_means(admin_page: Page, failed: models.Run) -> None:
    admin_page.open(reverse("admin:integrations_run_replay", args=[failed.pk]))
    admin_page.wait_for_text(PLAN, "Done again")
    admin_page.type_into("#id_reason", "kept")

    admin_page.script(
        "const box = document.querySelector('#id_start'); box.value = 'main/pay';"
        "box.dispatchEvent(new Event('change', {bubbles: true}))"
    )

    admin_page.wait_for_text(PLAN, "Taken over")
    assert admin_page.find("#id_reason").get_attribute("value") == "kept"
    admin_page.script(
        "const box = document.querySelector('#id_input_from'); box.value = 'edited';"
        "box.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    admin_page.wait_for("[data-edited-input] .cm-content")


def test_bulk_operation_is_followed_to_its_end(admin_page: Page, failed: models.Run) -> None:
    ada = User.objects.get(username="ada")
    operation = bulk.start(kind=bulk.Kind.RETRY, runs=models.Run.objects.all(), by=ada, reason="the API is back")
    admin_page.open(reverse("admin:integrations_bulkoperation_change", args=[operation.pk]))
    admin_page.wait_for_text(".run-summary", "0 of 1 done")

    bulk.work(seconds=5)

    admin_page.wait_for_text(".run-summary", "1 of 1 done")
    assert "1 done" in str(admin_page.find("[data-live-announce]").get_attribute("textContent"))


def test_run_is_compared_with_the_last_success(admin_page: Page, failed: models.Run) -> None:
    admin_page.open(url_of(failed))
    admin_page.click("a[href$='compare/']")

    admin_page.click(".compare-candidates a")

    admin_page.wait_for_text("[aria-labelledby=compare-first-title]", "main/create")
    assert "the API answered 422" in admin_page.find(".compare-sides").text
