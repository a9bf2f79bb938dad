"""The feature page: both forms of a feature, checked while they are written, published, renamed, run."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from integrations import models
from tests.admin import pages
from tests.admin.conftest import logged_in, member
from tests.factories import CacheFactory, FeatureFactory, FunctionFactory, JobFactory


def sequence(*events: dict[str, Any]) -> str:
    return json.dumps([{"sequence_tag": "main", "events": list(events)}])


CALL = {"type": "function", "event": "total", "input": {}}
TWO_PROBLEMS = sequence(
    {"type": "function", "event": "totl", "name": "a", "input": {}},
    {"type": "function", "event": "total", "name": "b", "input": {"a": "$Sequence{main}{nope}"}},
)


@pytest.fixture
def function(integration: models.Integration) -> models.Function:
    return FunctionFactory.create(integration=integration, tag="total")


#: Boxes of a feature that is checked, but that nothing runs yet.
_PYTHON = {"kind": "code", "language": "python", "function": "return 1", "output": ""}


@pytest.fixture
def feature(integration: models.Integration, function: models.Function) -> models.Feature:
    """A feature in sequence form that calls `total`."""
    form = {"language": "", "function": "", "sequence": json.loads(sequence(CALL))}
    return FeatureFactory.create(
        integration=integration, tag="charge", output={"total": "$Sequence{main}{total}"}, **form
    )


def test_sequence_form_filled_in_is_added(
    page: Client, integration: models.Integration, function: models.Function
) -> None:
    boxes = {"integration": integration.pk, "tag": "charge", "kind": "sequences", "sequence": sequence(CALL)}

    response = pages.send(page, pages.add_url(models.Feature), **boxes, output='{"a": "$Sequence{main}{total}"}')

    assert response.status_code == 302, pages.errors(response)
    assert models.Feature.objects.get().to_definition().sequence[0].events[0].event == "total"


def test_boxes_of_a_new_feature_are_empty(page: Client) -> None:
    form = page.get(pages.add_url(models.Feature)).context["adminform"].form

    assert {form[name].value() for name in ("input", "sequence", "output", "rate_limit")} == {""}


def test_breadcrumb_writes_a_tag_as_it_is(page: Client, feature: models.Feature) -> None:
    shown = pages.text(page.get(pages.change_url(feature)))

    crumb = re.search(r'tracking-tight">\s*(charge)\s*</a', shown, re.IGNORECASE)
    assert crumb is not None
    assert crumb[1] == "charge"
    assert re.search(r'tracking-tight">\s*Features\s*</a', shown)


def test_two_problems_in_a_sequence_are_both_shown_with_their_places(page: Client, feature: models.Feature) -> None:
    response = pages.send(page, pages.change_url(feature), sequence=TWO_PROBLEMS, output="")

    shown = " ".join(pages.errors(response)["sequence"])
    assert "sequence[0]/events[0]/event" in shown
    assert 'did you mean "total"?' in shown
    assert "sequence[0]/events[1]/input/a" in shown
    assert 'data-place="sequence[0]/events[0]/event"' in response.content.decode()


def test_form_with_problems_shows_what_was_typed(page: Client, feature: models.Feature) -> None:
    typed = TWO_PROBLEMS + "\n\n"

    response = pages.send(page, pages.change_url(feature), sequence=typed)

    assert response.context["adminform"].form["sequence"].value() == typed


def test_check_answers_with_the_same_problems_and_saves_nothing(page: Client, feature: models.Feature) -> None:
    boxes = pages.filled_in(page, pages.change_url(feature), sequence=TWO_PROBLEMS, output="")

    response = page.post(reverse("admin:integrations_feature_check", args=[feature.pk]), boxes)

    places = [problem["place"] for problem in response.json()["problems"]]
    assert "sequence[0]/events[0]/event" in places
    assert "sequence[0]/events[1]/input/a" in places
    feature.refresh_from_db()
    assert feature.sequence == json.loads(sequence(CALL))


def test_check_of_a_new_feature_answers(page: Client, integration: models.Integration) -> None:
    boxes = {"integration": integration.pk, "tag": "x", "kind": "sequences", "sequence": sequence(CALL)}
    boxes = pages.filled_in(page, pages.add_url(models.Feature), **boxes)

    response = page.post(reverse("admin:integrations_feature_check_new"), boxes)

    assert [each["place"] for each in response.json()["problems"]] == ["sequence[0]/events[0]/event"]


def test_check_of_a_good_form_finds_nothing(page: Client, feature: models.Feature) -> None:
    boxes = pages.filled_in(page, pages.change_url(feature))

    response = page.post(reverse("admin:integrations_feature_check", args=[feature.pk]), boxes)

    assert response.json() == {"problems": []}


def test_check_is_a_post_of_who_may_change_it(
    page: Client, integration: models.Integration, feature: models.Feature
) -> None:
    viewer = logged_in(member(integration, "Viewers"))
    url = reverse("admin:integrations_feature_check", args=[feature.pk])
    foreign = reverse("admin:integrations_feature_check", args=[FeatureFactory.create().pk])

    assert page.get(url).status_code == 405
    assert page.post(foreign, {}).status_code == 404
    assert viewer.post(url, {}).status_code == 403


def test_editors_know_where_to_check(page: Client, feature: models.Feature) -> None:
    form = page.get(pages.change_url(feature)).context["adminform"].form

    url = reverse("admin:integrations_feature_check", args=[feature.pk])
    assert {form.fields[name].widget.attrs["data-check-url"] for name in ("input", "sequence", "output")} == {url}


def test_save_and_publish_makes_a_version(page: Client, feature: models.Feature) -> None:
    response = pages.send(page, pages.change_url(feature), _publish="1")

    assert response.status_code == 302, pages.errors(response)
    assert feature.versions.get().number == 1
    assert "Published version 1" in pages.text(page.get(response.headers["Location"]))
    assert "SHA-256" in pages.text(page.get(pages.change_url(feature)))


def test_save_alone_makes_no_version(page: Client, feature: models.Feature) -> None:
    pages.send(page, pages.change_url(feature), name="Charge")

    assert not feature.versions.exists()


def test_publishing_what_cannot_run_yet_says_so_and_saves_nothing(page: Client, feature: models.Feature) -> None:
    response = pages.send(page, pages.change_url(feature), _publish="1", **_PYTHON, name="Changed")

    assert "features/charge/language" in pages.errors(response)[""][0]
    feature.refresh_from_db()
    assert (feature.name, feature.versions.count()) == ("", 0)


def test_feature_that_cannot_run_yet_says_so_on_its_page(page: Client, feature: models.Feature) -> None:
    pages.send(page, pages.change_url(feature), **_PYTHON)

    shown = pages.text(page.get(pages.change_url(feature)))

    assert "cannot be published yet" in shown
    assert "features/charge/language" in shown


def test_version_is_shown_and_never_changed(page: Client, feature: models.Feature) -> None:
    pages.send(page, pages.change_url(feature), _publish="1")
    version = feature.versions.get()

    assert "charge" in pages.text(page.get(pages.change_url(version)))
    assert page.post(pages.change_url(version), {"number": "7"}).status_code == 403
    assert page.post(pages.delete_url(version), {"post": "yes"}).status_code == 403


def test_function_renamed_is_renamed_in_the_feature(
    page: Client, feature: models.Feature, function: models.Function
) -> None:
    response = pages.send(page, pages.change_url(function), tag="sum")

    assert response.status_code == 302, pages.errors(response)
    feature.refresh_from_db()
    assert feature.sequence[0]["events"][0]["event"] == "sum"


def test_function_in_use_is_not_deleted_and_the_page_says_where(
    page: Client, feature: models.Feature, function: models.Function
) -> None:
    response = page.post(pages.delete_url(function), {"post": "yes"})

    assert "features/charge/sequence[0]/events[0]/event" in pages.text(response)
    assert models.Function.objects.filter(pk=function.pk).exists()


def test_nothing_is_deleted_together_with_one_in_use(
    page: Client, integration: models.Integration, feature: models.Feature, function: models.Function
) -> None:
    other = FunctionFactory.create(integration=integration)
    chosen = {"action": "delete_selected", "_selected_action": [function.pk, other.pk], "post": "yes"}

    response = page.post(pages.list_url(models.Function), chosen)

    assert "features/charge/sequence[0]/events[0]/event" in pages.text(response)
    assert models.Function.objects.count() == 2


def test_feature_of_a_job_is_not_deleted(page: Client, feature: models.Feature) -> None:
    JobFactory.create(integration=feature.integration, tag="nightly", target={"type": "feature", "event": "charge"})

    response = page.post(pages.delete_url(feature), {"post": "yes"})

    assert "jobs/nightly/target/event" in pages.text(response)


def test_cache_in_use_is_not_deleted(page: Client, integration: models.Integration, feature: models.Feature) -> None:
    cache = CacheFactory.create(integration=integration, tag="totals", sequence_tag="main", event_tag="total")
    feature.sequence = json.loads(sequence({**CALL, "cache": "totals"}))
    feature.save()

    response = page.post(pages.delete_url(cache), {"post": "yes"})

    assert "features/charge/sequence[0]/events[0]/cache" in pages.text(response)


@pytest.mark.parametrize("make", [FunctionFactory, FeatureFactory])
def test_source_is_read_only_without_the_grant(integration: models.Integration, make: Any) -> None:
    row = make(integration=integration)
    user = member(integration, "Viewers")
    user.user_permissions.add(Permission.objects.get(codename=f"change_{row._meta.model_name}"))
    page = logged_in(user)

    response = pages.send(page, pages.change_url(row), function="() => 1", name="Renamed")

    assert response.status_code == 302, pages.errors(response)
    assert page.get(pages.change_url(row)).context["adminform"].form.fields["function"].disabled
    row.refresh_from_db()
    assert (row.function, row.name) == ("(input) => input", "Renamed")


def test_feature_has_a_run_button_for_those_who_may_run(
    page: Client, integration: models.Integration, feature: models.Feature
) -> None:
    url = reverse("admin:integrations_feature_run", args=[feature.pk])
    author = logged_in(member(integration, "Code authors"))

    assert f'href="{url}"' in pages.text(page.get(pages.change_url(feature)))
    assert f'href="{url}"' not in pages.text(author.get(pages.change_url(feature)))
