from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from integrations.actors import SYSTEM
from integrations.models import Integration, RetentionRule, Run, Slot
from integrations.operations import bulk, dispatch
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state
from tests.admin.conftest import logged_in, member
from tests.admin.pages import change_url, list_url, text
from tests.factories import FeatureFactory, JobFactory, RunFactory
from tests.scenes.scene import last_audit, person

PAGE = list_url(RetentionRule)
ADD = f"{PAGE}add/"


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    dispatch_state.forget()
    yield
    dispatch_state.forget()


@pytest.fixture
def operator(integration: Integration) -> Client:
    return logged_in(member(integration, "Operators"))


@pytest.fixture
def engineer(integration: Integration) -> Client:
    return logged_in(member(integration, "Integration engineers"))


def old_run(integration: Integration) -> Run:
    long_ago = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    feature = FeatureFactory.create(integration=integration)
    run: Run = RunFactory.create(
        succeeded=True, feature=feature, integration=integration, finished_at=long_ago, environment__slug="old"
    )
    return run


def test_page_shows_rules_preview_and_what_went(operator: Client, integration: Integration) -> None:
    run = old_run(integration)
    RetentionRule.objects.create(integration=integration, status="failed", keep_days=77)
    RetentionRule.objects.create(integration=integration, keep_days=None)
    RetentionRule.objects.all().filter(keep_days=None).update(status="cancelled")
    job, at = JobFactory.create(integration=integration), dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    Slot.objects.create(job=job, nominal_at=at, recorded_at=at, status="missed")

    page = text(operator.get(PAGE))

    for expected in ("90 days", "180 days", "77 days", "ever", str(run.feature), "1 Jan 2001", "Nothing yet"):
        assert expected in page, expected
    for expected in ("is kept for 90 days (DUCTAPE_SLOT_KEEP_DAYS)", "And 1 time of a schedule,"):
        assert expected in page, expected


@pytest.mark.parametrize("is_paused", [False, True])
def test_page_leaves_out_the_runs_for_who_may_not_see_them(integration: Integration, is_paused: bool) -> None:
    run, somebody = old_run(integration), person("view_retentionrule", member_of=integration)
    somebody.is_staff = True
    somebody.save()
    if is_paused:
        dispatch.pause(reason="Upgrade", by=SYSTEM)

    page = text(logged_in(somebody).get(PAGE))

    assert "90 days" in page
    for hidden in (str(run.feature), "What would go now", "Of what you may see"):
        assert hidden not in page, hidden


def test_prune_button_deletes_what_the_page_shows(operator: Client, integration: Integration) -> None:
    old_run(integration)

    page = text(operator.post(f"{PAGE}prune/", follow=True))

    assert "Deleted 1 runs" in page
    assert "No run is past its retention" in page
    assert not Run.objects.exists()


def test_delete_button_is_there_as_long_as_there_is_something_to_delete(
    operator: Client, integration: Integration
) -> None:
    nothing = text(operator.get(PAGE))
    job, at = JobFactory.create(integration=integration), dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    Slot.objects.create(job=job, nominal_at=at, recorded_at=at, status="missed")
    slot_only = text(operator.get(PAGE))

    assert "Delete it now" not in nothing
    assert "there is nothing to delete now" in nothing
    assert "Delete it now" in slot_only
    assert "nothing to delete" not in slot_only


def test_rule_is_added_changed_and_deleted_through_the_operations(engineer: Client, integration: Integration) -> None:
    feature = FeatureFactory.create(integration=integration)

    engineer.post(ADD, {"feature": feature.pk, "status": "", "keep_days": "30"})
    rule = RetentionRule.objects.get()
    engineer.post(f"{PAGE}{rule.pk}/change/", {"feature": feature.pk, "status": "", "keep_days": "40"})
    changed = last_audit()
    engineer.post(f"{PAGE}{rule.pk}/delete/", {"post": "yes"})

    assert (rule.integration, rule.feature, rule.keep_days) == (integration, feature, 30)
    assert (changed.kind, changed.changes) == ("retention", {"keep_days": {"from": 30, "to": 40}})
    assert last_audit().action == "delete"
    assert not RetentionRule.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"keep_days": "0"}, "greater than or equal to 1"),
        ({"keep_days": "99999999"}, "less than or equal to 36500"),
        ({"keep_days": "x"}, "whole number"),
        ({"keep_days": "5"}, "set how long the runs of every integration are kept"),
    ],
)
def test_rule_that_makes_no_sense_or_is_for_everybody_is_refused(
    engineer: Client, fields: dict[str, str], said: str
) -> None:
    page = text(engineer.post(ADD, {"status": "", **fields}, follow=True))

    assert said in page
    assert not RetentionRule.objects.exists()


def test_second_rule_for_the_same_runs_is_refused(engineer: Client, integration: Integration) -> None:
    RetentionRule.objects.create(integration=integration, keep_days=5)

    page = text(engineer.post(ADD, {"integration": integration.pk, "status": "", "keep_days": "6"}, follow=True))

    assert "There is a rule for these runs already" in page
    assert "violated" not in page
    assert RetentionRule.objects.count() == 1


def test_banner_is_on_every_page_while_paused_and_its_button_resumes(operator: Client) -> None:
    assert "Dispatch is paused" not in text(operator.get(reverse("admin:index")))

    paused = text(operator.post(f"{PAGE}pause/", {"reason": "the supplier moves"}, follow=True))
    elsewhere = text(operator.get(list_url(Run)))
    resumed = text(operator.post(f"{PAGE}resume/", follow=True))

    for page in (paused, elsewhere):
        assert "Dispatch is paused" in page
        assert "the supplier moves" in page
    assert "Dispatch goes on" in resumed
    assert not dispatch.state().dispatch_paused


def test_banner_after_a_restore_asks_for_confirmation_only_those_who_may(
    operator: Client, integration: Integration
) -> None:
    dispatch_state.pause(reason="Restored.", now=clock.now(), awaits_confirmation=True)

    assert "Confirm and resume" in text(operator.get(PAGE))
    viewer = text(logged_in(member(integration, "Viewers")).get(list_url(Run)))
    assert "paused until somebody confirms" in viewer
    assert "Confirm and resume" not in viewer


def test_page_tells_what_waits_for_dispatch_and_leads_to_it(operator: Client, integration: Integration) -> None:
    feature = FeatureFactory.create(integration=integration)
    queued = RunFactory.create(feature=feature, integration=integration)
    RunFactory.create(status="scheduled", feature=feature, integration=integration, environment=queued.environment)
    RunFactory.create()  # of an integration that they do not see
    job = JobFactory.create(integration=integration)
    for hour in (1, 2):
        at = dt.datetime(2026, 11, 24, hour, tzinfo=dt.UTC)
        Slot.objects.create(job=job, nominal_at=at, status="queued")
    assert "wait, and start" not in text(operator.get(PAGE))
    dispatch.pause(reason="restored", by=SYSTEM)

    page = text(operator.get(PAGE))

    assert "2 runs wait, and start or go on once dispatch is resumed" in page
    assert "2 times of schedules wait" in page
    for link in (f"{list_url(Run)}?status__exact=queued", f"{list_url(Run)}?status__exact=scheduled", change_url(job)):
        assert f'href="{link}"' in page
    listed = operator.get(list_url(Run), {"status__exact": "queued"})
    assert list(listed.context["cl"].queryset) == [queued]
    assert f'href="{PAGE}#dispatch-title"' in text(operator.get(list_url(Run)))


def test_page_after_a_restore_says_that_the_confirmation_skips_what_waits_of_schedules(
    operator: Client, integration: Integration
) -> None:
    job, at = JobFactory.create(integration=integration), dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    Slot.objects.create(job=job, nominal_at=at, status="queued")
    dispatch_state.pause(reason="Restored.", now=clock.now(), awaits_confirmation=True)

    page = text(operator.get(PAGE))

    assert "1 time of a schedule waits. It is from before the restore, and skipped when you confirm" in page


def test_what_waits_is_cancelled_and_skipped_before_dispatch_is_resumed(
    operator: Client, integration: Integration
) -> None:
    run = RunFactory.create(integration=integration, feature=FeatureFactory.create(integration=integration))
    elsewhere = RunFactory.create()
    job, at = JobFactory.create(integration=integration), dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    slot = Slot.objects.create(job=job, nominal_at=at, status="queued")
    dispatch.pause(reason="restored", by=SYSTEM)

    asked = text(operator.get(f"{PAGE}cancel-waiting/"))
    started = operator.post(f"{PAGE}cancel-waiting/", {"_confirmed": "1", "reason": "done since"})
    bulk.work(seconds=5)
    skipped = text(operator.post(f"{PAGE}skip-waiting/", {"reason": "done since"}, follow=True))

    assert "1 run is selected" in asked
    assert "/bulkoperation/" in started.headers["Location"]
    for row in (run, elsewhere, slot):
        row.refresh_from_db()
    assert (run.status, elsewhere.status, slot.status) == ("cancelled", "queued", "skipped")
    assert "Skipped 1 times of schedules" in skipped
    assert "no run waits" in skipped


def test_what_goes_on_already_is_not_cancelled_as_waiting(operator: Client, integration: Integration) -> None:
    RunFactory.create(integration=integration, feature=FeatureFactory.create(integration=integration))

    assert "goes on already" in text(operator.get(f"{PAGE}cancel-waiting/", follow=True))


@pytest.mark.parametrize("name", ["cancel-waiting", "skip-waiting"])
def test_what_waits_is_dropped_by_those_who_may(integration: Integration, name: str) -> None:
    dispatch.pause(reason="restored", by=SYSTEM)
    viewer = logged_in(member(integration, "Viewers"))

    assert viewer.post(f"{PAGE}{name}/", {"_confirmed": "1", "reason": "y"}).status_code == 403
    page = text(viewer.get(PAGE))
    assert "Cancel them" not in page
    assert "Skip them" not in page


@pytest.mark.parametrize("name", ["prune", "pause", "resume"])
def test_button_of_somebody_without_the_permission_is_refused(integration: Integration, name: str) -> None:
    dispatch.pause(reason="x", by=SYSTEM) if name == "resume" else None
    run = old_run(integration)
    engineer = logged_in(member(integration, "Viewers"))

    assert engineer.post(f"{PAGE}{name}/", {"reason": "y"}).status_code == 403
    assert engineer.get(f"{PAGE}{name}/").status_code == 405
    assert Run.objects.filter(pk=run.pk).exists()


def test_pause_without_a_reason_is_refused(operator: Client) -> None:
    assert "Say why" in text(operator.post(f"{PAGE}pause/", {"reason": " "}, follow=True))
    assert not dispatch.state().dispatch_paused
