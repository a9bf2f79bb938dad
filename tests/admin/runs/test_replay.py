from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import functions, replays, runs
from integrations.types import JsonObject
from tests.admin.conftest import logged_in, member
from tests.admin.pages import text
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.replaying import ORDER, called, execute, make_store, refused, scripted
from tests.scenes.scene import DOUBLE, put
from tests.scenes.scheduling import by_hand

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Iterator[FakeActionConnector]:
    with scripted() as fake:
        yield fake


@pytest.fixture
def failed(api: FakeActionConnector) -> models.Run:
    integration = make_store(ORDER)
    api.script("pay", refused())
    run = execute(integration)
    called(api)
    return run


@pytest.fixture
def operator(failed: models.Run) -> Client:
    return logged_in(member(failed.integration, "Operators"))


def url(run: models.Run) -> str:
    return reverse("admin:integrations_run_replay", args=[run.pk])


def asked(start: str = "beginning", version: str = "original", **more: Any) -> dict[str, Any]:
    own = {"version": version, "start": start, "shown": f"{version} {start}", "input_from": "same", "reason": "again"}
    return {**own, **more}


def test_page_shows_what_would_happen_to_each_step_and_write(operator: Client, failed: models.Run) -> None:
    page = operator.get(f"{url(failed)}?start=failure")

    shown = {each["plan"].place: each["label"] for each in page.context["events"]}
    assert shown == {
        "main/look": "Taken over",
        "main/create": "Taken over",
        "main/pay": "Runs",
        "main/mail": "Runs",
    }
    choices = [(each["write"].place, each["write"].choice) for each in page.context["writes"]]
    assert choices == [("main/create", "take_over")]
    page = operator.get(url(failed))
    assert [(each["write"].place, each["write"].choice) for each in page.context["writes"]] == [
        ("main/create", "again")
    ]
    assert "Decide for each whether it is made again" in text(page)


def test_posted_replay_is_made_and_shown(operator: Client, failed: models.Run, api: FakeActionConnector) -> None:
    answer = operator.post(url(failed), asked(**{"writes/main/create": "take_over"}))

    run = models.Run.objects.get(replay_of=failed)
    assert answer["Location"] == reverse("admin:integrations_run_change", args=[run.pk])
    assert (run.status, run.replay_reason, called(api)) == ("succeeded", "again", ["look", "pay", "mail"])


def test_other_start_than_was_shown_is_shown_first(operator: Client, failed: models.Run) -> None:
    page = operator.post(url(failed), asked("main/pay", shown="original beginning"))

    assert "This is not what the page showed" in text(page)
    assert not models.Run.objects.filter(replay_of=failed).exists()
    assert page.context["form"]["reason"].value() == "again"


def test_look_keeps_what_was_typed_and_starts_nothing(operator: Client, failed: models.Run) -> None:
    page = operator.post(url(failed), asked("main/pay", _look="1", reason="", input_from="edited", input='{"n": 5}'))

    assert not page.context["form"].errors
    assert page.context["form"]["input"].value() == '{"n": 5}'
    assert page.context["form"]["start"].value() == "main/pay"
    assert models.Run.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"reason": ""}, "This field is required"),
        ({"input_from": "edited", "input": '{"n": "x"}'}, "should be a whole number"),
        ({"input_from": "edited", "input": "{"}, "input"),
        ({"writes/main/create": "forget"}, "forget"),
    ],
)
def test_bad_wish_is_refused_at_its_field(
    operator: Client, failed: models.Run, more: dict[str, str], problem: str
) -> None:
    page = operator.post(url(failed), asked(**{"writes/main/create": "again", **more}))

    assert page.status_code == 200
    assert problem in str(page.context["form"].errors)
    assert models.Run.objects.count() == 1


def test_edited_input_is_what_the_replay_gets(operator: Client, failed: models.Run) -> None:
    operator.post(url(failed), asked(input_from="edited", input='{"n": 9}', **{"writes/main/create": "again"}))

    assert models.Run.objects.get(replay_of=failed).input == {"n": 9}


def test_step_that_is_gone_starts_from_the_beginning(operator: Client, failed: models.Run) -> None:
    page = operator.get(f"{url(failed)}?start=main/gone")

    assert "There is no step main/gone" in text(page)
    assert page.context["asked"].start == "beginning"


def test_page_of_an_unfinished_run_leads_back(operator: Client, failed: models.Run) -> None:
    run = replays.retry(failed, by=SYSTEM, reason="again")

    assert "is still queued" in text(operator.get(url(run), follow=True))


def test_second_press_of_the_button_starts_nothing_and_shows_what_the_first_did(
    operator: Client, failed: models.Run, api: FakeActionConnector
) -> None:
    shown = str(operator.get(url(failed)).context["plan"].newest)
    wish = asked(newest=shown, **{"writes/main/create": "again"})

    operator.post(url(failed), wish)
    page = operator.post(url(failed), wish)

    first = models.Run.objects.get(replay_of=failed)
    assert called(api) == ["look", "create", "pay", "mail"]
    assert "There is a newer attempt than the page showed" in text(page)
    assert [each["write"].place for each in page.context["writes"]] == ["main/create", "main/pay", "main/mail"]
    assert page.context["plan"].newest == first.pk


def test_write_that_was_undone_since_the_page_was_shown_is_shown_anew(operator: Client, failed: models.Run) -> None:
    page = operator.post(url(failed), asked(**{"writes/main/pay": "again"}))

    assert "This is not what the page showed" in text(page)
    assert not models.Run.objects.filter(replay_of=failed).exists()


def test_page_is_for_those_who_may_replay_what_they_see(failed: models.Run) -> None:
    viewer = logged_in(member(failed.integration, "Viewers"))
    stranger = logged_in(member(models.Integration.objects.create(name="Other", tag="other"), "Operators"))

    assert viewer.get(url(failed)).status_code == 403
    assert stranger.get(url(failed)).status_code == 404


def test_page_takes_the_same_queries_for_many_attempts(
    operator: Client, failed: models.Run, api: FakeActionConnector, django_assert_max_num_queries: Any
) -> None:
    for _ in range(8):
        runs.execute(replays.replay(failed, by=SYSTEM, reason="again"))

    with django_assert_max_num_queries(17):
        operator.get(url(failed))


def test_run_page_shows_the_attempts_as_a_tree(operator: Client, failed: models.Run) -> None:
    run = replays.go_on(replays.retry(failed, by=SYSTEM, reason="the API is back"))

    page = operator.get(reverse("admin:integrations_run_change", args=[run.pk]))

    assert [(each["depth"], each["is_this"]) for each in page.context["lineage"]] == [(0, False), (1, True)]
    assert "the API is back (system)" in text(page)
    assert "taken over from" in text(page)


def test_run_page_offers_a_retry_of_what_failed_only(operator: Client, failed: models.Run) -> None:
    run = replays.go_on(replays.retry(failed, by=SYSTEM, reason="again"))

    labels = {
        each.status: [action["label"] for action in operator.get(_page(each)).context["actions"]]
        for each in (failed, run)
    }

    assert "Retry…" in labels["failed"]
    assert "Retry…" not in labels["succeeded"]
    assert "Replay…" in labels["succeeded"]


def test_page_offers_the_latest_version_of_what_a_job_started(operator: Client, failed: models.Run) -> None:
    put(failed.integration, "functions", publish=True, **DOUBLE)
    target = {"type": "function", "event": "double"}
    job = put(failed.integration, "jobs", tag="nightly", env="dev", target=target, input={"n": 2})
    run = runs.cancel(run=by_hand(job), by=SYSTEM)

    before = operator.get(url(run), {"version": "latest"})
    wanted: JsonObject = {"input": {"number": "number"}}
    functions.update(integration=failed.integration, tag="double", changes=wanted, by=SYSTEM, publish=True)
    after = operator.get(url(run), {"version": "latest"}, follow=True)

    assert [value for value, _ in before.context["form"].fields["version"].choices] == ["original", "latest"]
    assert after.redirect_chain[-1][0] == _page(run)
    assert '"number" is required' in " ".join(str(message) for message in after.context["messages"])


def _page(run: models.Run) -> str:
    return reverse("admin:integrations_run_change", args=[run.pk])
