from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import environments, features, jobs
from integrations.runtime.execution import event_loop
from integrations.types import JsonObject
from tests.admin import pages
from tests.admin.conftest import logged_in, member
from tests.admin.starting.test_feature import problems
from tests.scenes.scene import bound, make_app, put

pytestmark = pytest.mark.django_db

INPUT: list[Any] = [
    {"key": "item", "type": "string", "minLength": 1},
    {"key": "quantity", "type": "number", "minimum": 0, "required": False},
]


@pytest.fixture(autouse=True)
def fresh_runtime() -> Iterator[None]:
    """Leave no process or thread behind that a run has started."""
    yield
    event_loop.close()


@pytest.fixture
def home(integration: models.Integration) -> models.Integration:
    put(integration, "environments", env_name="Production", slug="prd", auth={})
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    put(integration, "features", publish=True, tag="order", language="js", function="(i) => i", input=INPUT)
    return integration


@pytest.fixture
def job(home: models.Integration) -> models.Job:
    row: models.Job = put(home, "jobs", tag="order", env="dev", input={"item": "desk"})
    return row


@pytest.fixture
def operator(integration: models.Integration) -> Client:
    return logged_in(member(integration, "Operators"))


def url(job: models.Job) -> str:
    return reverse("admin:integrations_job_run_with", args=[job.pk])


def send(client: Client, job: models.Job, **boxes: str) -> Any:
    """Send the page's form as it is opened, with some boxes filled in anew."""
    context = client.get(url(job)).context
    form = context["form"]
    opened = {field.html_name: field.value() or "" for field in form}
    shape = "json" if form.as_json else "fields"
    return client.post(url(job), {**opened, "shape": shape, "shown": context["shown"], **boxes})


def test_page_opens_with_the_jobs_own_input_and_environment_first(operator: Client, job: models.Job) -> None:
    response = operator.get(url(job))

    form = response.context["form"]
    assert form.initial == {"environment": "dev", "input-item": "desk"}
    assert [value for value, _ in form.fields["environment"].choices if value] == ["dev", "prd"]
    assert "Runs feature order" in pages.text(response)


def test_other_input_in_another_environment_is_run_once(operator: Client, job: models.Job) -> None:
    response = send(operator, job, environment="prd", **{"input-quantity": "0"})

    run = models.Run.objects.get()
    assert response.headers["Location"] == reverse("admin:integrations_run_change", args=[run.pk])
    assert (run.job, run.environment.slug, run.trigger) == (job, "prd", "admin")
    assert run.output == {"item": "desk", "quantity": 0}
    job.refresh_from_db()
    assert (job.input, job.environment) == ({"item": "desk"}, home_environment(job, "dev"))


def test_page_of_the_job_leads_there_beside_running_at_once(operator: Client, job: models.Job) -> None:
    text = pages.text(operator.get(pages.change_url(job)))

    assert url(job) in text
    assert reverse("admin:integrations_job_run", args=[job.pk]) in text


def test_problems_are_shown_at_their_fields_with_what_was_typed(operator: Client, job: models.Job) -> None:
    response = send(operator, job, **{"input-item": "", "input-quantity": "-5"})

    assert problems(response) == {"input-item": ['"item" is required'], "input-quantity": ["should be 0 or more"]}
    assert 'value="-5"' in pages.text(response)
    assert not models.Run.objects.exists()


def test_switch_to_json_keeps_what_was_typed(operator: Client, job: models.Job) -> None:
    form = send(operator, job, _show_as="json", **{"input-quantity": "many"}).context["form"]

    assert form.initial["json"] == '{\n  "item": "desk",\n  "quantity": "many"\n}'
    assert form.initial["environment"] == "dev"


def test_input_that_no_field_shows_is_json(operator: Client, job: models.Job) -> None:
    models.Job.objects.update(input={"gone": 1})

    assert operator.get(url(job)).context["form"].initial["json"] == '{\n  "gone": 1\n}'


def test_sample_is_filled_in_on_demand(operator: Client, job: models.Job) -> None:
    assert operator.get(f"{url(job)}?samples=1").context["form"].initial["input-item"] == "text"


def test_action_takes_json_with_what_it_takes_beside_it(operator: Client, home: models.Integration) -> None:
    make_app()
    put(home, "connected_apps", access_tag="shop", envs=[bound("dev")])
    target = {"type": "action", "event": "login", "app": "shop"}
    job = put(home, "jobs", tag="log_in", env="dev", target=target)

    opened = operator.get(url(job))
    refused = send(operator, job, json='{"body": {"user": "ada"}}')

    assert "login takes" in pages.text(opened)
    assert problems(refused) == {"json": ['input/body/password: "password" is required']}
    assert '"user": "ada"' in pages.text(refused).replace("&quot;", '"')


@pytest.mark.parametrize("typed", ["[1]", "null", "5", '"x"'])
def test_input_that_is_no_object_is_refused(operator: Client, home: models.Integration, typed: str) -> None:
    put(home, "functions", publish=True, tag="same", language="js", function="(i) => i")
    job = put(home, "jobs", tag="same", env="dev", target={"type": "function", "event": "same"}, input={"a": 1})

    refused = send(operator, job, json=typed)

    assert problems(refused) == {"json": ["should be an object"]}
    assert not models.Run.objects.exists()


def test_empty_input_is_run_as_such_and_not_as_the_jobs_own(operator: Client, home: models.Integration) -> None:
    put(home, "functions", publish=True, tag="same", language="js", function="(i) => i")
    job = put(home, "jobs", tag="same", env="dev", target={"type": "function", "event": "same"}, input={"a": 1})

    send(operator, job, json="")

    run = models.Run.objects.get()
    assert (run.input, run.output) == ({}, {})


def test_job_without_environment_is_run_in_a_chosen_one(operator: Client, home: models.Integration) -> None:
    job = put(home, "jobs", tag="any", target={"event": "order"})
    boxes = {"input-item": "lamp"}

    unsaid = send(operator, job, **boxes)
    send(operator, job, environment="prd", **boxes)

    assert "environment" in problems(unsaid)
    assert models.Run.objects.get().environment.slug == "prd"


def test_environment_that_became_inactive_is_refused(operator: Client, job: models.Job) -> None:
    environments.update(integration=job.integration, tag="dev", changes={"active": False}, by=SYSTEM)

    refused = send(operator, job, environment="dev")

    assert "is inactive" in problems(refused)["__all__"][0]


@pytest.mark.parametrize("change", ["published", "target"])
def test_what_was_changed_meanwhile_is_pointed_out(operator: Client, job: models.Job, change: str) -> None:
    shown = operator.get(url(job)).context["shown"]
    if change == "published":
        changes: JsonObject = {"input": [*INPUT, {"key": "note", "type": "string", "required": False}]}
        features.update(integration=job.integration, tag="order", changes=changes, by=SYSTEM, publish=True)
    else:
        put(job.integration, "functions", publish=True, tag="same", language="js", function="(i) => i")
        jobs.update(
            integration=job.integration,
            tag="order",
            changes={"target": {"type": "function", "event": "same"}},
            by=SYSTEM,
        )

    refused = send(operator, job, shown=shown)

    assert "was changed after you opened this page" in problems(refused)["__all__"][0]
    assert not models.Run.objects.exists()


def test_target_that_is_gone_is_said_and_refused(operator: Client, job: models.Job) -> None:
    models.Job.objects.update(target={"event": "nix"})

    assert "There is no feature nix any more" in pages.text(operator.get(url(job)))
    assert 'there is no feature "nix"' in problems(send(operator, job))["__all__"][0]


def test_feature_that_is_not_published_is_said_and_refused(operator: Client, home: models.Integration) -> None:
    put(home, "features", tag="draft", language="js", function="(i) => i")
    job = put(home, "jobs", tag="draft", env="dev")

    assert "No version of it is published yet" in pages.text(operator.get(url(job)))
    assert "__all__" in problems(send(operator, job))


def test_target_that_cannot_be_run_yet_says_so(operator: Client, home: models.Integration) -> None:
    put(home, "notifications", tag="mail", messages=[{"tag": "late", "channel": "email", "body": "x"}])
    job = put(home, "jobs", tag="mail", env="dev", target={"type": "notification", "event": "mail:late"})

    assert "this release cannot run them yet" in pages.text(operator.get(url(job)))


@pytest.mark.parametrize("method", ["get", "post"])
def test_person_who_may_not_run_jobs_is_refused(home: models.Integration, job: models.Job, method: str) -> None:
    viewer = logged_in(member(home, "Viewers"))

    assert getattr(viewer, method)(url(job)).status_code == 403
    assert url(job) not in pages.text(viewer.get(pages.change_url(job)))
    assert not models.Run.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_job_of_another_integration_is_not_there(job: models.Job, engineer: User, method: str) -> None:
    job.integration.members.clear()

    assert getattr(logged_in(engineer), method)(url(job)).status_code == 404


def home_environment(job: models.Job, slug: str) -> models.Environment:
    return job.integration.environments.get(slug=slug)
