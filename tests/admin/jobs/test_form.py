from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations import models
from integrations.admin.jobs import targets
from integrations.admin.jobs.targets import as_text
from tests.admin import pages
from tests.admin.conftest import logged_in, member
from tests.factories import IntegrationFactory
from tests.scenes.scene import bound, make_app, make_integration, put

pytestmark = pytest.mark.django_db

ORDER: dict[str, Any] = {
    "tag": "order",
    "name": "Place an order",
    "language": "js",
    "function": "(i) => i",
    "input": [{"key": "item", "type": "string", "sampleValue": "lamp", "description": "What is ordered."}],
}
LOGIN = as_text({"type": "action", "event": "login", "app": "shop"})
ABOVE = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
LOGIN_LABEL = f"shop {ABOVE} login"
OFFER = "admin:integrations_job_offer"


@pytest.fixture
def home(integration: models.Integration) -> models.Integration:
    make_app()
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    put(integration, "connected_apps", access_tag="shop", envs=[bound("dev")])
    put(integration, "features", publish=True, **ORDER)
    put(integration, "functions", publish=True, tag="double", language="js", function="(i) => i")
    return integration


@pytest.fixture
def job(home: models.Integration) -> models.Job:
    row: models.Job = put(home, "jobs", tag="nightly", env="dev", target={"event": "order"}, input={"item": "desk"})
    return row


def offered(response: Any, name: str) -> dict[str, list[str]]:
    """Return the labels of a select's options by group."""
    choices = response.context["adminform"].form[name].field.widget.choices
    return {group: [label for _, label in options] for group, options in choices if isinstance(options, list)}


def environments_in(response: Any) -> list[str]:
    widget = response.context["adminform"].form["environment"].field.widget
    return [label for value, label in widget.choices if value]


def chosen(response: Any, name: str) -> str:
    return str(response.context["adminform"].form[name].value())


def test_targets_are_those_of_the_integration_by_kind(page: Client, home: models.Integration, job: models.Job) -> None:
    other = make_integration("Elsewhere")
    put(other, "features", **{**ORDER, "tag": "theirs"})
    put(home, "jobs", tag="weekly")

    groups = offered(page.get(pages.change_url(job)), "target")

    assert groups == {
        "Features": ["order – Place an order"],
        "Actions": [f"shop {ABOVE} get_order", LOGIN_LABEL],
        "Functions": ["double"],
        "Jobs": ["weekly"],
    }


def test_targets_that_cannot_be_run_yet_are_offered_as_such(page: Client, job: models.Job) -> None:
    messages = [{"tag": "late", "channel": "email", "body": "x", "input": {"to": "string"}}]
    put(job.integration, "notifications", tag="mail", messages=messages)
    put(job.integration, "databases", tag="books", actions=[{"tag": "all", "operation": "query", "sql": "select 1"}])

    groups = offered(page.get(pages.change_url(job)), "target")

    assert groups["Notifications, cannot be run yet"] == ["mail:late"]
    assert groups["Database actions, cannot be run yet"] == [f"books {ABOVE} all"]


def test_target_is_chosen_and_stored(page: Client, job: models.Job) -> None:
    boxes = {"target": LOGIN, "input": '{"body": {"user": "ada", "password": "x"}}'}

    response = pages.send(page, pages.change_url(job), **boxes)

    assert response.status_code == 302, pages.errors(response)
    job.refresh_from_db()
    assert job.target == {"type": "action", "event": "login", "app": "shop"}
    assert chosen(page.get(pages.change_url(job)), "target") == LOGIN


def test_target_that_is_stored_stays_when_something_else_is_saved(page: Client, job: models.Job) -> None:
    response = pages.send(page, pages.change_url(job), description="Every night")

    assert response.status_code == 302, pages.errors(response)
    job.refresh_from_db()
    assert (job.target, job.input, job.description) == ({"event": "order"}, {"item": "desk"}, "Every night")


def test_new_job_without_target_runs_the_feature_of_its_tag(page: Client, home: models.Integration) -> None:
    response = pages.send(page, pages.add_url(models.Job), integration=home.pk, tag="order")

    assert response.status_code == 302, pages.errors(response)
    assert models.Job.objects.get().target is None


def test_target_that_is_gone_is_shown_and_refused(page: Client, job: models.Job) -> None:
    models.Job.objects.update(target={"event": "ordr"})

    opened = page.get(pages.change_url(job))
    refused = pages.send(page, pages.change_url(job), description="Every night")

    assert offered(opened, "target")["Not there any more"] == ["feature ordr (gone)"]
    assert "There is no feature ordr in this integration" in pages.text(opened)
    assert 'unknown feature "ordr"' in pages.errors(refused)["target"][0]
    assert chosen(refused, "target") == as_text({"event": "ordr"})
    assert chosen(refused, "description") == "Every night"


def test_target_beyond_those_that_are_offered_is_kept_and_not_called_gone(
    page: Client, home: models.Integration, job: models.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "_MOST_JOBS", 2)
    for tag in ("a", "b", "x"):
        put(home, "jobs", tag=tag, target={"event": "order"})
    last = as_text({"type": "job", "event": "x"})

    refused = pages.send(page, pages.change_url(job), target=last, retries="-1")
    stored = pages.send(page, pages.change_url(job), target=last)

    assert stored.status_code == 302, pages.errors(stored)
    for groups in (offered(refused, "target"), offered(page.get(pages.change_url(job)), "target")):
        assert (groups["Jobs, the first 2 by tag"], groups["Chosen"]) == (["a", "b"], ["job x"])
        assert "Not there any more" not in groups


def test_job_that_starts_itself_is_refused_and_not_called_gone(page: Client, job: models.Job) -> None:
    itself = as_text({"type": "job", "event": "nightly"})

    refused = pages.send(page, pages.change_url(job), target=itself)

    assert "in a loop" in pages.errors(refused)["target"][0]
    assert offered(refused, "target")["Chosen"] == ["job nightly"]


@pytest.mark.parametrize("sent", ["{", "[1]", '{"event":5}', '{"event":"x","type":"wait"}', "order"])
def test_target_that_is_none_is_refused_at_its_box_and_kept(page: Client, job: models.Job, sent: str) -> None:
    refused = pages.send(page, pages.change_url(job), target=sent, input="{broken")

    assert "nothing that a job can run" in pages.errors(refused)["target"][0]
    assert sent in pages.text(refused)
    assert "{broken" in pages.text(refused)


def test_target_of_another_integration_is_refused(page: Client, job: models.Job, engineer: User) -> None:
    other = make_integration("Elsewhere")
    other.members.add(engineer)
    put(other, "features", **{**ORDER, "tag": "theirs"})

    refused = pages.send(page, pages.change_url(job), target=as_text({"event": "theirs"}))

    assert 'unknown feature "theirs"' in pages.errors(refused)["target"][0]


def test_environments_are_those_of_the_integration(page: Client, job: models.Job, engineer: User) -> None:
    other = make_integration("Elsewhere")
    other.members.add(engineer)
    put(other, "environments", env_name="Theirs", slug="thr", auth={})
    put(job.integration, "environments", env_name="Production", slug="prd", auth={}, active=False)

    found = environments_in(page.get(pages.change_url(job)))

    assert found == ["Development (dev)", "Production (prd): inactive, so nothing runs there"]


def test_before_an_integration_is_chosen_all_environments_can_be(page: Client, home: models.Integration) -> None:
    response = page.get(pages.add_url(models.Job))

    assert "order_sync / dev" in pages.text(response)
    assert offered(response, "target") == {}


def test_refused_new_job_offers_what_its_integration_has_and_keeps_what_was_chosen(
    page: Client, home: models.Integration, engineer: User
) -> None:
    other = make_integration("Elsewhere")
    other.members.add(engineer)
    theirs = put(other, "environments", env_name="Theirs", slug="thr", auth={})
    boxes = {"integration": str(home.pk), "tag": "gone", "environment": str(theirs.pk), "when": "every", "every": "60"}

    refused = pages.send(page, pages.add_url(models.Job), target=LOGIN, **boxes)

    assert "belongs to another integration" in pages.errors(refused)["environment"][0]
    assert environments_in(refused) == ["Development (dev)", "elsewhere / thr"]
    assert (chosen(refused, "environment"), chosen(refused, "target")) == (str(theirs.pk), LOGIN)
    assert f"What action {LOGIN_LABEL} takes" in pages.text(refused)


def test_form_shows_what_the_target_takes_with_a_sample(page: Client, job: models.Job) -> None:
    text = pages.text(page.get(pages.change_url(job)))

    assert "What feature order takes" in text
    assert "What is ordered." in text
    assert '"item": "lamp"' in text


def test_offer_follows_the_integration(page: Client, home: models.Integration) -> None:
    asked = {"integration": str(home.pk), "target": LOGIN, "tag": "x", "environment": ""}

    text = pages.text(page.get(reverse(OFFER), asked))

    assert '<optgroup label="Functions">' in text
    assert "Development (dev)" in text
    assert f"What action {LOGIN_LABEL} takes" in text


def test_offer_for_the_same_tag_is_about_that_feature(page: Client, home: models.Integration) -> None:
    known = pages.text(page.get(reverse(OFFER), {"integration": str(home.pk), "tag": "order"}))
    unknown = pages.text(page.get(reverse(OFFER), {"integration": str(home.pk), "tag": "ord"}))

    assert "What feature order takes" in known
    assert "There is no feature ord in this integration" in unknown


def test_offer_drops_what_another_integration_has(page: Client, home: models.Integration, engineer: User) -> None:
    other = make_integration("Elsewhere")
    other.members.add(engineer)
    environment = home.environments.get()

    text = pages.text(
        page.get(reverse(OFFER), {"integration": str(other.pk), "target": LOGIN, "environment": str(environment.pk)})
    )

    assert "(gone)" not in text
    assert "Development" not in text


@pytest.mark.parametrize("asked", [{"integration": "x"}, {"integration": "9" * 30}, {"target": "{"}, {"tag": "!"}])
def test_offer_for_nonsense_offers_nothing(page: Client, home: models.Integration, asked: dict[str, str]) -> None:
    response = page.get(reverse(OFFER), asked)

    assert response.status_code == 200
    assert "optgroup" not in pages.text(response)


def test_offer_of_an_integration_that_one_may_not_see_is_empty(page: Client, home: models.Integration) -> None:
    hidden = IntegrationFactory.create()
    put(hidden, "features", **{**ORDER, "tag": "secretive"})

    text = pages.text(page.get(reverse(OFFER), {"integration": str(hidden.pk), "tag": "secretive"}))

    assert "secretive" not in text


def test_offer_is_for_those_who_may_write_jobs(home: models.Integration, job: models.Job) -> None:
    viewer, operator = (logged_in(member(home, group)) for group in ("Viewers", "Operators"))

    assert viewer.get(reverse(OFFER), {"integration": str(home.pk)}).status_code == 403
    assert viewer.get(reverse(OFFER), {"job": str(job.pk)}).status_code == 403
    assert operator.get(reverse(OFFER), {"integration": str(home.pk)}).status_code == 403
    assert "What feature order takes" in pages.text(operator.get(reverse(OFFER), {"job": str(job.pk)}))


@pytest.mark.parametrize("job_id", ["x", "9" * 30, "0"])
def test_offer_of_an_unknown_job_is_missing(page: Client, job: models.Job, job_id: str) -> None:
    assert page.get(reverse(OFFER), {"job": job_id}).status_code == 404


def test_offer_of_a_job_of_another_integration_is_missing(job: models.Job, engineer: User) -> None:
    job.integration.members.clear()

    assert logged_in(engineer).get(reverse(OFFER), {"job": str(job.pk)}).status_code == 404


def test_viewer_sees_what_the_job_runs(home: models.Integration, job: models.Job) -> None:
    assert "Runs feature order" in pages.text(logged_in(member(home, "Viewers")).get(pages.change_url(job)))
