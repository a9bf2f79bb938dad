from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations.actors import SYSTEM
from integrations.models import Environment, Feature, Integration, Run
from integrations.operations import features
from integrations.runtime.execution import event_loop
from integrations.types import JsonObject
from tests.admin.conftest import logged_in, member
from tests.admin.pages import text
from tests.factories import EnvironmentFactory, FeatureFactory, RunFactory, SecretFactory

INPUT: list[JsonObject] = [
    {"key": "item", "type": "string", "minLength": 1, "sampleValue": "lamp", "description": "What is ordered."},
    {"key": "quantity", "type": "number", "minimum": 0, "required": False},
    {"key": "note", "type": "string"},
    {"key": "gift", "type": "boolean"},
]


@pytest.fixture
def environment(integration: Integration) -> Environment:
    return EnvironmentFactory.create(integration=integration, slug="dev")


@pytest.fixture
def feature(integration: Integration, environment: Environment) -> Feature:
    row = FeatureFactory.create(integration=integration, tag="echo", input=INPUT)
    features.publish(row=row, by=SYSTEM)
    return row


@pytest.fixture
def operator(integration: Integration) -> Client:
    return logged_in(member(integration, "Operators"))


@pytest.fixture
def _fresh_runtime() -> Iterator[None]:
    """Leave no process or thread behind that a run has started."""
    yield
    event_loop.close()


def url(feature: Feature) -> str:
    return reverse("admin:integrations_feature_run", args=[feature.pk])


def filled(**boxes: str) -> dict[str, str]:
    """Return what a browser sends of the form; boxes that are named replace those of a good one."""
    good = {"input-item": "lamp", "input-quantity": "", "input-note": "", "environment": "dev", "shown": "1"}
    return {**good, "shape": "fields", **boxes}


def problems(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    return {
        name: [str(error.message) for error in each] for name, each in response.context["form"].errors.as_data().items()
    }


@pytest.mark.usefixtures("_fresh_runtime")
def test_run_pressed_runs_the_feature_and_leads_to_its_page(operator: Client, feature: Feature) -> None:
    response = operator.post(url(feature), filled(**{"input-quantity": "0"}))

    run = Run.objects.get()
    assert response.headers["Location"] == reverse("admin:integrations_run_change", args=[run.pk])
    assert run.status == "succeeded"
    assert run.input == run.output == {"item": "lamp", "quantity": 0, "note": "", "gift": False}
    assert run.trigger == Run.Trigger.ADMIN
    assert run.created_by is not None
    assert "Succeeded" in text(operator.get(response.headers["Location"]))


@pytest.mark.usefixtures("_fresh_runtime")
def test_json_input_runs_the_feature(operator: Client, feature: Feature) -> None:
    sent = {"json": '{"item": "x", "note": "", "gift": true}', "shape": "json"}

    operator.post(url(feature), filled(**sent))

    assert Run.objects.get().output == {"item": "x", "note": "", "gift": True}


def test_page_opened_has_a_box_for_each_field(operator: Client, feature: Feature) -> None:
    page = text(operator.get(url(feature)))

    assert 'name="input-item"' in page
    assert "What is ordered." in page
    assert 'placeholder="for example lamp"' in page
    assert "Runs version 1" in page


def test_published_version_is_what_is_asked_for_and_the_draft_is_mentioned(operator: Client, feature: Feature) -> None:
    feature.input = [{"key": "other", "type": "string"}]
    feature.save()

    page = text(operator.get(url(feature)))

    assert 'name="input-item"' in page
    assert 'name="input-other"' not in page
    assert "The saved draft differs from it" in page


def test_all_problems_are_shown_at_their_fields_with_what_was_typed(operator: Client, feature: Feature) -> None:
    response = operator.post(url(feature), filled(**{"input-item": "", "input-quantity": "-5", "input-note": "kept"}))

    assert problems(response) == {"input-item": ['"item" is required'], "input-quantity": ["should be 0 or more"]}
    assert 'value="-5"' in text(response)
    assert 'value="kept"' in text(response)
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("boxes", "name", "said"),
    [
        ({"shape": "json", "json": "[1]"}, "json", "should be an object"),
        ({"shape": "json", "json": "{"}, "json", "not JSON"),
        ({"shape": "json", "json": '{"item": "x", "note": "", "gift": 1}'}, "json", "true or false"),
        ({"input-note": "a\x00b"}, "input-note", "U+0000"),
        ({"input-quantity": "many"}, "input-quantity", "whole number"),
        ({"input-quantity": "9" * 30}, "input-quantity", "64 bits"),
        ({"environment": "nix"}, "environment", "not one of the available choices"),
        ({"environment": ""}, "environment", "required"),
    ],
)
def test_bad_input_is_refused_at_its_field(
    operator: Client, feature: Feature, boxes: dict[str, str], name: str, said: str
) -> None:
    response = operator.post(url(feature), filled(**boxes))

    assert said in problems(response)[name][0]
    assert not Run.objects.exists()


def test_inactive_environment_is_refused(operator: Client, feature: Feature, environment: Environment) -> None:
    Environment.objects.update(active=False)

    response = operator.post(url(feature), filled())

    assert "inactive" in problems(response)["__all__"][0]
    assert "no active environment" in text(response)


def test_pasted_secret_is_refused_and_not_stored(operator: Client, feature: Feature, integration: Integration) -> None:
    secret = SecretFactory.create(integration=integration, key="token")
    secret.set_value("long-enough-secret")
    secret.save()

    response = operator.post(url(feature), filled(**{"input-note": "long-enough-secret"}))

    assert "holds a secret" in problems(response)["__all__"][0]
    assert not Run.objects.exists()


def test_version_published_meanwhile_is_pointed_out(operator: Client, feature: Feature) -> None:
    response = operator.post(url(feature), filled(shown="7"))

    assert "Version 1 was published after you opened this page" in problems(response)["__all__"][0]
    assert 'name="shown" value="1"' in text(response)


def test_switch_to_json_keeps_what_was_typed(operator: Client, feature: Feature) -> None:
    response = operator.post(url(feature), filled(_show_as="json", **{"input-quantity": "many"}))

    form = response.context["form"]
    assert form.as_json
    assert not form.errors
    assert form.initial["json"] == '{\n  "item": "lamp",\n  "quantity": "many",\n  "note": "",\n  "gift": false\n}'
    assert not Run.objects.exists()


def test_switch_to_fields_shows_the_json(operator: Client, feature: Feature) -> None:
    sent = {"shape": "json", "json": '{"item": "desk", "quantity": 0}', "_show_as": "fields"}

    response = operator.post(url(feature), filled(**sent))

    assert 'name="input-item" value="desk"' in text(response)
    assert 'name="input-quantity" value="0"' in text(response)


@pytest.mark.parametrize("written", ['{"unknown": 1}', '{"item": 5}', "[]", "{"])
def test_switch_to_fields_that_cannot_show_the_json_keeps_it(operator: Client, feature: Feature, written: str) -> None:
    response = operator.post(url(feature), filled(shape="json", json=written, _show_as="fields"))

    assert response.context["form"].as_json
    assert "The fields cannot show this input" in text(response)


def test_samples_are_filled_in_on_demand(operator: Client, feature: Feature) -> None:
    assert 'name="input-item" value="lamp"' in text(operator.get(url(feature) + "?samples=1"))


def test_input_of_an_earlier_run_is_filled_in(operator: Client, feature: Feature) -> None:
    run = _run_of(feature, {"item": "desk", "gift": True, "note": ""})

    page = text(operator.get(f"{url(feature)}?from={run.pk}"))

    assert 'name="input-item" value="desk"' in page
    assert "checked" in page


def test_input_of_an_earlier_run_that_no_field_shows_is_json(operator: Client, feature: Feature) -> None:
    run = _run_of(feature, {"gone": 1})

    response = operator.get(f"{url(feature)}?from={run.pk}")

    assert response.context["form"].initial["json"] == '{\n  "gone": 1\n}'


@pytest.mark.parametrize("run_id", ["nix", "39c729bb-401e-4cef-8a1a-ab374c845e72"])
def test_unknown_earlier_run_is_passed_over(operator: Client, feature: Feature, run_id: str) -> None:
    assert operator.get(f"{url(feature)}?from={run_id}").status_code == 200


def test_run_of_another_feature_is_no_earlier_run(operator: Client, feature: Feature) -> None:
    foreign = RunFactory.create(input={"item": "theirs"})

    assert "theirs" not in text(operator.get(f"{url(feature)}?from={foreign.pk}"))


def test_unpublished_feature_says_so_and_leads_to_publishing(operator: Client, integration: Integration) -> None:
    draft = FeatureFactory.create(integration=integration)

    page = text(operator.get(url(draft)))

    assert "No published version yet" in page
    assert reverse("admin:integrations_feature_change", args=[draft.pk]) in page
    assert "data-run-form" not in page


def test_unpublished_feature_is_not_run(operator: Client, integration: Integration) -> None:
    assert operator.post(url(FeatureFactory.create(integration=integration)), filled()).status_code == 200
    assert not Run.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_person_who_may_not_start_runs_is_refused(integration: Integration, feature: Feature, method: str) -> None:
    viewer = logged_in(member(integration, "Viewers"))

    assert getattr(viewer, method)(url(feature), filled()).status_code == 403
    assert not Run.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_feature_of_another_integration_is_not_there(operator: Client, method: str) -> None:
    foreign = FeatureFactory.create()
    features.publish(row=foreign, by=SYSTEM)

    assert getattr(operator, method)(url(foreign), filled()).status_code == 404


def test_form_without_its_token_is_refused(integration: Integration, feature: Feature) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member(integration, "Operators"))

    assert client.post(url(feature), filled()).status_code == 403


def test_page_takes_a_fixed_number_of_queries(
    operator: Client, feature: Feature, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    EnvironmentFactory.create_batch(5, integration=integration)

    with django_assert_max_num_queries(9):
        operator.get(url(feature))


def _run_of(feature: Feature, values: JsonObject) -> Run:
    user = User.objects.first()
    run: Run = RunFactory.create(
        feature=feature,
        integration=feature.integration,
        environment=feature.integration.environments.get(),
        feature_version=feature.latest_version(),
        input=values,
        created_by=user,
    )
    return run
