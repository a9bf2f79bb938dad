from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import replays
from tests.admin.conftest import logged_in, member
from tests.admin.pages import text
from tests.factories import RunFactory
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.replaying import ORDER, execute, make_store, refused, scripted

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Iterator[FakeActionConnector]:
    with scripted() as fake:
        yield fake


@pytest.fixture
def pair(api: FakeActionConnector) -> tuple[models.Run, models.Run]:
    """A success, and a failure with another input."""
    integration = make_store(ORDER)
    good = execute(integration)
    api.script("pay", refused())
    return good, execute(integration, n=2)


@pytest.fixture
def viewer(pair: tuple[models.Run, models.Run]) -> Client:
    return logged_in(member(pair[0].integration, "Viewers"))


def url(run: models.Run, other: object = None) -> str:
    address = reverse("admin:integrations_run_compare", args=[run.pk])
    return address if other is None else f"{address}?with={other}"


def test_page_tells_which_steps_were_taken_over(viewer: Client, pair: tuple[models.Run, models.Run]) -> None:
    bad = pair[1]
    retried = replays.go_on(replays.retry(bad, by=SYSTEM, reason="the API is back"))

    assert text(viewer.get(url(bad, retried.pk))).count("taken over") == 2


def test_page_offers_other_runs_first(viewer: Client, pair: tuple[models.Run, models.Run]) -> None:
    good, bad = pair

    page = viewer.get(url(bad))

    assert [each["id"] for each in page.context["candidates"]] == [str(good.pk)]
    assert f"?with={good.pk}" in page.content.decode()


def test_page_shows_what_differs(
    viewer: Client, pair: tuple[models.Run, models.Run], django_assert_max_num_queries: Any
) -> None:
    good, bad = pair

    with django_assert_max_num_queries(18):
        page = viewer.get(url(bad, good.pk))

    assert page.context["first"].name == "main/create"
    assert page.context["input"]["rows"] == [{"place": "n", "left": "2", "right": "1", "kind": "changed"}]
    for words in ("First step that differs", "main/create", "the API answered 422", "Both ran on the same release"):
        assert words in text(page)


@pytest.mark.parametrize("other", ["{own}", "nonsense", "0192f0c1-2d3e-7abc-8def-0123456789ab", "{foreign}"])
def test_page_without_a_comparable_run_says_so(viewer: Client, pair: tuple[models.Run, models.Run], other: str) -> None:
    foreign = RunFactory.create(failed=True)

    page = viewer.get(url(pair[0], other.format(own=pair[0].pk, foreign=foreign.pk)))

    assert page.context["comparison"] is None
    assert "There is no such run" in text(page) or "Nothing to compare" in text(page)


def test_page_is_for_those_who_see_the_run(pair: tuple[models.Run, models.Run]) -> None:
    stranger = logged_in(member(models.Integration.objects.create(name="Other", tag="other"), "Viewers"))

    assert stranger.get(url(pair[0])).status_code == 404


def test_run_page_leads_to_the_comparison(viewer: Client, pair: tuple[models.Run, models.Run]) -> None:
    page = viewer.get(reverse("admin:integrations_run_change", args=[pair[0].pk]))

    assert url(pair[0]) in page.content.decode()
