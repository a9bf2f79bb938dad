from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import BulkOperation, Integration, Run
from integrations.operations import bulk
from tests.admin.conftest import logged_in, member
from tests.admin.pages import text
from tests.admin.runs.test_run import LIST, run_in
from tests.factories.run import NOON

REPLAY = {"version": "original", "start": "beginning", "writes": "again"}


@pytest.fixture
def operator(integration: Integration) -> Client:
    return logged_in(member(integration, "Operators"))


def wish(*runs: Run, action: str = "retry_selected", **more: Any) -> dict[str, Any]:
    return {"action": action, "_selected_action": [str(run.pk) for run in runs], "select_across": "0", **more}


def url(operation: BulkOperation, name: str = "change") -> str:
    return reverse(f"admin:integrations_bulkoperation_{name}", args=[operation.pk])


def test_action_asks_first_and_says_what_it_leaves_out(operator: Client, integration: Integration) -> None:
    failed, succeeded = run_in(integration, failed=True), run_in(integration, succeeded=True)

    page = operator.post(LIST, wish(failed, succeeded))

    assert "1 of 2 selected runs are affected" in text(page)
    assert "nothing happens until one is started" in text(page)
    assert not BulkOperation.objects.exists()


def test_confirmed_action_starts_an_operation_and_shows_it(operator: Client, integration: Integration) -> None:
    runs = [run_in(integration, failed=True) for _ in range(2)]

    page = operator.post(LIST, wish(*runs, _confirmed="1", reason="the API is back"), follow=True)

    operation = BulkOperation.objects.get()
    assert (operation.kind, operation.total, operation.reason) == ("retry", 2, "the API is back")
    assert page.context["operation"] == operation
    assert "0 of 2 done" in text(page)


def test_action_on_all_means_all_that_the_filters_leave(operator: Client, integration: Integration) -> None:
    waiting = [run_in(integration, waiting=True) for _ in range(3)]
    run_in(integration, running=True)

    form = wish(waiting[0], action="cancel_selected", select_across="1", _confirmed="1", reason="not wanted")
    operator.post(f"{LIST}?status__exact=waiting", form)

    operation = BulkOperation.objects.get()
    assert operation.description == "all with status = waiting"
    assert set(operation.items.values_list("run_id", flat=True)) == {run.pk for run in waiting}


def test_replay_has_choices_of_its_own(operator: Client, integration: Integration) -> None:
    run = run_in(integration, succeeded=True)
    more = {"_confirmed": "1", "reason": "new rules", "version": "latest", "start": "failure", "writes": "take_over"}

    operator.post(LIST, wish(run, action="replay_selected", **more))

    assert BulkOperation.objects.get().options == {"version": "latest", "start": "failure", "writes": "take_over"}


def test_action_without_a_reason_asks_again(operator: Client, integration: Integration) -> None:
    page = operator.post(LIST, wish(run_in(integration, failed=True), _confirmed="1", reason=""))

    assert "This field is required" in text(page)
    assert not BulkOperation.objects.exists()


def test_viewer_is_offered_no_action(integration: Integration) -> None:
    viewer, run = logged_in(member(integration, "Viewers")), run_in(integration, failed=True)

    viewer.post(LIST, wish(run, _confirmed="1", reason="because"))

    assert not viewer.get(LIST).context["action_form"]
    assert not BulkOperation.objects.exists()


def test_page_follows_what_is_done_and_names_what_is_not(operator: Client, integration: Integration) -> None:
    runs = [run_in(integration, waiting=True), run_in(integration, waiting=True)]
    operator.post(LIST, wish(*runs, action="cancel_selected", _confirmed="1", reason="not wanted"))
    operation = BulkOperation.objects.get()
    operator.post(reverse("admin:integrations_run_cancel", args=[runs[0].pk]))

    bulk.work(seconds=10)

    page = operator.get(url(operation, "progress"))
    assert page.context["is_over"]
    assert "1 of 2 done" in text(page)
    assert f"run {runs[0].pk} has cancelled already" in text(page)


def test_page_says_how_the_runs_ended_that_it_started_and_leads_to_them(
    operator: Client, integration: Integration
) -> None:
    failed = [run_in(integration, failed=True) for _ in range(3)]
    operator.post(LIST, wish(*failed, action="replay_selected", _confirmed="1", reason="new rules", **REPLAY))
    operation = BulkOperation.objects.get()
    bulk.work(seconds=10)
    first, *_ = started = list(Run.objects.filter(replay_of__in=failed))

    before = operator.get(url(operation, "progress"))
    Run.objects.filter(pk__in=[run.pk for run in started]).update(status="succeeded", started_at=NOON, finished_at=NOON)
    Run.objects.filter(pk=first.pk).update(status="failed")
    after = operator.get(url(operation, "progress"))

    assert [each["label"] for each in before.context["results"]] == ["3 queued"]
    assert [each["label"] for each in after.context["results"]] == ["2 succeeded", "1 failed"]
    assert (before.context["is_final"], after.context["is_final"]) == (False, True)
    shown = operator.get(after.context["results_url"]).context["cl"].result_list
    assert {run.pk for run in shown} == {run.pk for run in started}


def test_runs_of_somebody_elses_operation_are_not_told_apart(operator: Client, integration: Integration) -> None:
    run = run_in(integration, failed=True)
    operation = BulkOperation.objects.create(kind="replay", reason="mine", total=1, by_system=True)

    page = operator.get(LIST, {"bulk_operation": str(operation.pk)}, follow=True)

    assert [each.pk for each in page.context["cl"].result_list] == [run.pk]
    assert "Bulk operation:" not in text(page)


def test_stop_leaves_the_rest(operator: Client, integration: Integration) -> None:
    run = run_in(integration, waiting=True)
    operator.post(LIST, wish(run, action="cancel_selected", _confirmed="1", reason="not wanted"))
    operation = BulkOperation.objects.get()

    operator.post(url(operation, "stop"))

    bulk.work(seconds=10)
    run.refresh_from_db()
    operation.refresh_from_db()
    assert (run.status, operation.status) == ("waiting", "cancelled")


def test_operation_is_shown_to_who_asked_and_to_auditors_only(operator: Client, integration: Integration) -> None:
    operator.post(LIST, wish(run_in(integration, failed=True), _confirmed="1", reason="because"))
    operation = BulkOperation.objects.get()

    assert operator.get(url(operation)).status_code == 200
    assert logged_in(member(integration, "Operators")).get(url(operation)).status_code == 404
    assert logged_in(member(integration, "Viewers")).get(url(operation)).status_code == 403
    assert logged_in(member(integration, "Auditors", "Operators")).get(url(operation)).status_code == 200


def test_list_takes_the_same_queries_for_many_operations(
    operator: Client, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    for _ in range(6):
        operator.post(LIST, wish(run_in(integration, failed=True), _confirmed="1", reason="because"))

    with django_assert_max_num_queries(10):
        page = operator.get(reverse("admin:integrations_bulkoperation_changelist"))
    assert "0 of 1" in text(page)
