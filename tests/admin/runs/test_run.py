from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.admin.runs import nested_runs, steps
from integrations.models import Approval, AuditRecord, FailureGroup, Integration, Run, run_lists
from integrations.operations import runs
from tests.admin.conftest import logged_in, member
from tests.admin.pages import text
from tests.factories import (
    EnvironmentFactory,
    FeatureFactory,
    FeatureVersionFactory,
    IntegrationFactory,
    JobFactory,
    ReleaseFactory,
    RunFactory,
    RunLogFactory,
    SecretFactory,
    StepFactory,
)
from tests.factories.run import NOON

LIST = "/admin/integrations/run/"


@pytest.fixture
def operator(integration: Integration) -> Client:
    return logged_in(member(integration, "Operators"))


@pytest.fixture
def viewer(integration: Integration) -> Client:
    return logged_in(member(integration, "Viewers"))


def run_in(integration: Integration, **columns: Any) -> Run:
    columns.setdefault(
        "environment", integration.environments.first() or EnvironmentFactory.create(integration=integration)
    )
    if "release" not in columns:
        feature = FeatureFactory.create(integration=integration)
        columns["release"] = ReleaseFactory.create(feature_version=FeatureVersionFactory.create(feature=feature))
    run: Run = RunFactory.create(**columns)
    return run


def url(run: Run, name: str = "change", *rest: object) -> str:
    return reverse(f"admin:integrations_run_{name}", args=[run.pk, *rest])


# The list


def test_list_shows_what_one_may_see_newest_first(viewer: Client, integration: Integration) -> None:
    older = run_in(integration, succeeded=True, created_at=NOON)
    newer = run_in(integration, failed=True, created_at=NOON + dt.timedelta(hours=1))
    foreign = RunFactory.create()

    page = viewer.get(LIST)

    assert [run.pk for run in page.context["cl"].result_list] == [newer.pk, older.pk]
    assert str(foreign.pk) not in text(page)
    assert "Succeeded" in text(page)
    assert "system" in text(page)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status__exact=failed", {"failed"}),
        ("trigger__exact=command", {"failed"}),
        ("feature__id__exact={feature}", {"failed"}),
        ("environment__id__exact={environment}", {"failed", "good"}),
        ("job__id__exact={job}", {"good"}),
        ("error_code=http_503", {"failed"}),
        ("error_code=other", set()),
        ("q={failed_feature}", {"failed"}),
        ("q=too+busy", {"failed"}),
        ("q={good_id}", {"good"}),
        ("q={good_hex}", {"good"}),
        ("q=nothing+like+it", set()),
    ],
)
def test_list_is_searched_and_filtered(viewer: Client, integration: Integration, query: str, found: set[str]) -> None:
    good = run_in(integration, succeeded=True, job=JobFactory.create(integration=integration))
    failure = {"error_message": "it was too busy", "error_code": "http_503"}
    failed = run_in(integration, failed=True, trigger=Run.Trigger.COMMAND, **failure)
    names = {good.pk: "good", failed.pk: "failed"}
    values = {
        "feature": failed.feature_id,
        "environment": good.environment_id,
        "job": good.job_id,
        "failed_feature": str(failed.feature),
        "good_id": good.pk,
        "good_hex": good.pk.hex,
    }

    page = viewer.get(f"{LIST}?{query.format(**values)}")

    assert {names[run.pk] for run in page.context["cl"].result_list} == found


def test_filters_offer_only_what_one_may_see(viewer: Client, integration: Integration) -> None:
    run_in(integration)
    run_in(integration)
    foreign = RunFactory.create()

    assert str(foreign.feature) not in text(viewer.get(LIST))


def test_foreign_run_searched_for_is_not_found(viewer: Client) -> None:
    foreign = RunFactory.create()

    assert not viewer.get(f"{LIST}?q={foreign.pk}").context["cl"].result_list


def test_list_takes_the_same_queries_for_many_runs(
    viewer: Client, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        run_in(integration, succeeded=True)

    with django_assert_max_num_queries(14):
        viewer.get(LIST)


def test_list_reads_the_newest_runs_by_their_primary_key(
    client: Client, integration: Integration, admin_user: User
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's planner sorts a table of this size")
    run_in(integration)
    client.force_login(admin_user)

    plan = client.get(LIST).context["cl"].queryset[:50].explain()

    assert "SCAN integrations_run USING INDEX sqlite_autoindex_integrations_run" in plan
    assert "TEMP B-TREE" not in plan


FILTERS = ["", "status__exact=failed", "feature__id__exact={feature}", "environment__id__exact={environment}"]


@pytest.mark.parametrize("query", FILTERS)
@pytest.mark.parametrize("memberships", [0, 1, 2], ids=["all integrations", "one integration", "many runs of two"])
def test_list_reads_the_newest_runs_without_sorting_the_rest(
    integration: Integration, admin_user: User, monkeypatch: pytest.MonkeyPatch, query: str, memberships: int
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's planner sorts a table of this size")
    monkeypatch.setattr(run_lists, "_MOST_SORTED", 0)
    person = member(integration, "Viewers") if memberships else admin_user
    if memberships == 2:
        IntegrationFactory.create().members.add(person)
    run = run_in(integration)
    asked = query.format(feature=run.feature_id, environment=run.environment_id)

    page = logged_in(person).get(f"{LIST}?{asked}")

    plan = page.context["cl"].queryset[:50].explain()
    assert "TEMP B-TREE FOR ORDER BY" not in plan, plan


def test_list_of_few_runs_of_several_integrations_is_read_by_their_index(integration: Integration) -> None:
    person, run = member(integration, "Viewers"), run_in(integration)
    IntegrationFactory.create().members.add(person)
    RunFactory.create()

    found = logged_in(person).get(LIST).context["cl"]

    assert list(found.result_list) == [run]
    if connection.vendor == "sqlite":
        assert "SCAN integrations_run " not in found.queryset[:50].explain()


def test_list_offers_the_error_codes_of_failures_that_one_may_see(viewer: Client, integration: Integration) -> None:
    for number, (code, each) in enumerate((("http_503", integration), ("foreign", IntegrationFactory.create()))):
        seen = {"first_seen": NOON, "last_seen": NOON}
        FailureGroup.objects.create(integration=each, fingerprint=str(number), error_code=code, **seen)
    run_in(integration)

    page = text(viewer.get(LIST))

    assert "http_503" in page
    assert "foreign" not in page
    assert "odd" in text(viewer.get(f"{LIST}?error_code=odd"))


def test_list_does_not_read_inputs_and_outputs(viewer: Client, integration: Integration) -> None:
    run_in(integration)

    (row,) = viewer.get(LIST).context["cl"].result_list

    assert {"input", "output"} <= row.get_deferred_fields()


def test_empty_list_says_how_runs_come_about(viewer: Client) -> None:
    assert "Open a feature and press Run" in text(viewer.get(LIST))


def test_run_whose_feature_is_gone_is_still_shown(viewer: Client, integration: Integration) -> None:
    run = run_in(integration, succeeded=True)
    tag = run.release.content["feature"]["tag"]
    Run.objects.update(feature=None)

    assert tag in text(viewer.get(LIST))
    assert f"{tag} in dev" in text(viewer.get(url(run)))


def test_run_that_waits_for_people_offers_no_way_around_them(operator: Client, integration: Integration) -> None:
    run = run_in(integration, waiting=True)
    assert "Resume now" in text(operator.get(url(run)))
    Approval.objects.create(run=run, step="main/boss", event="boss", title="Pay?")

    page = text(operator.get(url(run)))

    assert "Resume now" not in page
    assert "Replay…" not in page


@pytest.mark.parametrize("path", ["add/", "{run}/delete/"])
def test_runs_are_neither_added_nor_deleted_by_hand(operator: Client, integration: Integration, path: str) -> None:
    run = run_in(integration, succeeded=True)

    assert operator.post(LIST + path.format(run=run.pk), {"post": "yes"}).status_code == 403
    assert Run.objects.exists()


# The page


def test_page_shows_how_the_run_went(viewer: Client, integration: Integration) -> None:
    run = run_in(
        integration,
        status="succeeded",
        started_at=NOON,
        finished_at=NOON + dt.timedelta(seconds=2),
        input={"item": "<b>lamp</b>"},
        output={"order": "o-1"},
    )
    step = StepFactory.create(
        run=run,
        sequence="main",
        event=run.feature.tag,  # type: ignore[union-attr]  # it has one
        status="succeeded",
        finished_at=NOON,
        reason="condition: 1 equals 1 is true",
        input={"a": 0},
        output=False,
        idempotency_key="key-7",
    )
    RunLogFactory.create(run=run, step=step, text="three pieces")

    page = text(viewer.get(url(run)))

    for expected in ("Succeeded", "2.0 s", '"order": "o-1"', "condition: 1 equals 1 is true", "key-7", "three pieces"):
        assert expected in page, expected
    assert "&lt;b&gt;lamp" in viewer.get(url(run)).content.decode()
    assert run.release.digest[:12] in page
    assert reverse("admin:integrations_featureversion_change", args=[run.feature_version_id]) in page


def test_output_that_is_false_or_zero_is_shown(viewer: Client, integration: Integration) -> None:
    run = run_in(integration, succeeded=True, output=0)

    assert '<pre id="json-output" tabindex="0" aria-label="Output">0</pre>' in text(viewer.get(url(run)))


def test_failed_run_shows_its_error_first_and_leads_to_the_step(viewer: Client, integration: Integration) -> None:
    run = run_in(integration, failed=True, error_code="http_503", error_message="it was busy", error_place="fetch/get")
    step = StepFactory.create(
        run=run, event="get", status="failed", error_code="threw", error_message="no", error_line=3
    )

    page = text(viewer.get(url(run)))

    assert page.index("it was busy") < page.index("Steps")
    assert f'<a href="#step-{step.pk}">fetch/get</a>' in page
    assert f'id="step-{step.pk}"' in page
    assert "(line 3)" in page


@pytest.mark.parametrize(("ending", "is_undone"), [("failed", False), ("waiting", True)])
def test_run_that_has_failed_says_so_while_it_is_undone(
    viewer: Client, integration: Integration, ending: str, is_undone: bool
) -> None:
    run = run_in(integration, **{ending: True}, error_code="http_503", error_message="it was busy")

    page = text(viewer.get(url(run)))

    assert "it was busy" in page
    assert ("is being undone" in page) is is_undone


def test_attempts_are_collapsed_under_their_step(viewer: Client, integration: Integration) -> None:
    run = run_in(integration, succeeded=True)
    for attempt, status in ((1, "failed"), (2, "succeeded")):
        code = {"error_code": "http_503"} if status == "failed" else {}
        StepFactory.create(run=run, event="pay", attempt=attempt, status=status, finished_at=NOON, **code)

    page = text(viewer.get(url(run)))

    assert "1 earlier attempt" in page
    assert "attempt 2, retried after http_503" in page


def test_long_values_are_cut_with_a_link_to_all(viewer: Client, integration: Integration) -> None:
    run = run_in(integration, succeeded=True, output={"text": "x" * 50_000})

    page = viewer.get(url(run))

    assert len(page.content) < 60_000
    assert url(run, "payload", "output") in text(page)
    assert json.loads(viewer.get(url(run, "payload", "output")).content) == {"text": "x" * 50_000}


def test_long_run_is_cut_with_a_link_to_all(
    viewer: Client, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "SHOWN_STEPS", 2)
    run = run_in(integration, succeeded=True)
    for name in ("one", "two", "three"):
        StepFactory.create(run=run, event=name, status="succeeded", finished_at=NOON)

    assert "three" not in text(viewer.get(url(run)))
    assert f"{url(run)}?all=1" in text(viewer.get(url(run)))
    assert "three" in text(viewer.get(url(run) + "?all=1"))


def test_stored_secret_is_on_no_page(viewer: Client, integration: Integration) -> None:
    SecretFactory.create(integration=integration)
    run = run_in(integration, succeeded=True, output={"token": "[redacted]"})

    assert "hush" not in text(viewer.get(url(run)))


def test_page_takes_the_same_queries_for_many_steps(
    viewer: Client, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    run = run_in(integration, succeeded=True)
    for number in range(12):
        RunLogFactory.create(
            run=run, step=StepFactory.create(run=run, event=f"e{number}", status="succeeded", finished_at=NOON)
        )

    # One of them asks PostgreSQL for its time.
    with django_assert_max_num_queries(11):
        viewer.get(url(run))


@pytest.mark.parametrize("name", ["change", "progress"])
@pytest.mark.parametrize("exists", [True, False])
def test_run_that_one_may_not_see_is_not_there(viewer: Client, name: str, exists: bool) -> None:
    run = RunFactory.create() if exists else Run(pk=uuid.uuid4())

    assert viewer.get(url(run, name)).status_code == 404


@pytest.mark.parametrize("part", ["input", "output"])
def test_payloads_of_a_foreign_run_are_not_there(viewer: Client, part: str) -> None:
    step = StepFactory.create(output={"a": 1})

    assert viewer.get(url(step.run, "payload", part)).status_code == 404
    assert viewer.get(url(step.run, "step_payload", step.pk, part)).status_code == 404


def test_step_payload_is_given_for_its_own_run_only(viewer: Client, integration: Integration) -> None:
    run = run_in(integration, succeeded=True)
    own = StepFactory.create(run=run, output={"a": [0, False]})
    foreign = StepFactory.create(output={"b": 1})

    answer = viewer.get(url(run, "step_payload", own.pk, "output"))

    assert json.loads(answer.content) == {"a": [0, False]}
    assert answer.headers["Content-Type"].startswith("application/json")
    assert viewer.get(url(run, "step_payload", foreign.pk, "output")).status_code == 404


@pytest.mark.parametrize("part", ["evidence", "error_message", "run"])
def test_nothing_but_input_and_output_is_given(viewer: Client, integration: Integration, part: str) -> None:
    assert viewer.get(url(run_in(integration), "payload", part)).status_code == 404


def test_person_without_the_permission_sees_no_run(integration: Integration) -> None:
    nobody = logged_in(member(integration))

    assert nobody.get(url(run_in(integration))).status_code == 403


def test_nested_runs_and_their_parent_lead_to_each_other(viewer: Client, integration: Integration) -> None:
    parent = run_in(integration, succeeded=True)
    nested = run_in(integration, succeeded=True, parent=parent, parent_step="fetch/look_up")

    assert url(nested) in text(viewer.get(url(parent)))
    assert "fetch/look_up" in text(viewer.get(url(parent)))
    assert url(parent) in text(viewer.get(url(nested)))


def test_nested_runs_are_shown_as_a_tree(
    viewer: Client, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    parent = run_in(integration, succeeded=True)
    nested = run_in(integration, succeeded=True, parent=parent, parent_step="fetch/look_up")
    below = [run_in(integration, failed=True, parent=nested, parent_step=f"main/each[{n}]") for n in range(4)]

    with django_assert_max_num_queries(13):
        page = viewer.get(url(parent))

    (branch,) = page.context["branches"]
    assert branch.run.pk == nested.pk
    assert [each.run.pk for each in branch.below] == [run.pk for run in below]
    assert all(url(run) in text(page) for run in below)


def test_long_tree_of_nested_runs_is_cut(
    viewer: Client, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nested_runs, "SHOWN_RUNS", 2)
    parent = run_in(integration, succeeded=True)
    nested = run_in(integration, succeeded=True, parent=parent, parent_step="a/a")
    for number in range(2):
        run_in(integration, succeeded=True, parent=nested, parent_step=f"a/b[{number}]")

    (branch,) = viewer.get(url(parent)).context["branches"]

    assert len(branch.below) == 1


def test_quarantined_run_shows_its_crashes(viewer: Client, integration: Integration) -> None:
    evidence = [{"at": "2026-11-24T12:00:00+00:00", "worker": "web-1:7:ab", "what": "worker web-1:7:ab was killed"}]
    run = run_in(integration, status="quarantined", started_at=NOON, finished_at=NOON, crashes=3, evidence=evidence * 3)

    page = text(viewer.get(url(run)))

    assert "Lost 3 workers on the way" in page
    assert page.count("worker web-1:7:ab was killed") == 3
    assert "24 Nov 2026, 12:00:00" in page
    assert "It is not tried again" in page


# While it goes on


@pytest.mark.parametrize(
    ("due_in", "expected"), [(dt.timedelta(minutes=5, seconds=30), "in 5 min"), (dt.timedelta(days=-1), "goes on now")]
)
def test_parked_run_counts_down(viewer: Client, integration: Integration, due_in: dt.timedelta, expected: str) -> None:
    run = run_in(integration, waiting=True, due_at=timezone.now() + due_in)

    assert expected in text(viewer.get(url(run)))


def test_run_that_is_due_without_a_worker_says_so(viewer: Client, integration: Integration) -> None:
    assert "no worker is alive" in text(viewer.get(url(run_in(integration))))
    assert "no worker is alive" not in text(
        viewer.get(url(run_in(integration, due_at=timezone.now() + dt.timedelta(1))))
    )


def test_run_that_is_held_names_its_holder(operator: Client, viewer: Client, integration: Integration) -> None:
    lease = timezone.now() + dt.timedelta(seconds=20)
    run = run_in(integration, running=True, worker="web-1:7:ab", lease_until=lease)

    assert '<a href="/admin/integrations/worker/">web-1:7:ab</a>' in text(operator.get(url(run)))
    assert "<dd>web-1:7:ab</dd>" in text(viewer.get(url(run)))


def test_approval_that_a_run_waits_for_leads_there(operator: Client, viewer: Client, integration: Integration) -> None:
    run = run_in(integration, waiting=True, due_at=None)
    approval = Approval.objects.create(run=run, step="main/boss", event="boss", title="Ship it?")

    for client, offered in ((operator, "Decide"), (viewer, "Look")):
        page = text(client.get(url(run)))
        assert "Ship it?" in page
        assert f'href="{reverse("admin:integrations_approval_change", args=[approval.pk])}">{offered}</a>' in page


def test_progress_of_a_run_says_how_it_stands(viewer: Client, integration: Integration) -> None:
    run = run_in(integration, running=True)
    StepFactory.create(run=run, event="one", status="succeeded", finished_at=NOON)
    StepFactory.create(run=run, event="two")

    page = text(viewer.get(url(run, "progress")))

    assert 'data-final="no"' in page
    assert "The run is running, 1 of 2 begun steps finished" in page
    assert "<html" not in page


def test_progress_of_a_run_that_stands_still_stays_the_same(operator: Client, integration: Integration) -> None:
    run = run_in(integration, waiting=True)

    assert operator.get(url(run, "progress")).content == operator.get(url(run, "progress")).content


def test_progress_of_a_finished_run_says_that_it_is_final(viewer: Client, integration: Integration) -> None:
    page = text(viewer.get(url(run_in(integration, succeeded=True), "progress")))

    assert 'data-final="yes"' in page
    assert "The run has succeeded" in page


def test_page_of_a_run_that_goes_on_can_be_reloaded_without_scripts(viewer: Client, integration: Integration) -> None:
    assert "<noscript><p" in text(viewer.get(url(run_in(integration, running=True))))
    assert "<noscript><p" not in text(viewer.get(url(run_in(integration, succeeded=True))))


# What can be done with it


def test_run_again_leads_to_the_form_with_its_input(operator: Client, integration: Integration) -> None:
    run = run_in(integration, succeeded=True)

    again = reverse("admin:integrations_feature_run", args=[run.feature_id]) + f"?from={run.pk}"

    assert again in text(operator.get(url(run)))


def test_viewer_is_offered_nothing_to_do(viewer: Client, integration: Integration) -> None:
    page = text(viewer.get(url(run_in(integration, waiting=True))))

    assert "Run again" not in page
    assert "Resume now" not in page
    assert "Cancel run" not in page


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ({"waiting": True}, "Resume now"),
        ({}, "Execute now"),
        ({"running": True, "worker": "gone", "lease_until": NOON}, "Resume now"),
    ],
)
def test_run_that_nobody_executes_can_be_resumed(
    operator: Client, integration: Integration, columns: dict[str, Any], label: str
) -> None:
    assert label in text(operator.get(url(run_in(integration, **columns))))


@pytest.mark.parametrize("columns", [{"succeeded": True}, {"running": True, "worker": "w", "lease_until": None}])
def test_run_that_goes_on_or_has_ended_is_not_resumed(
    operator: Client, integration: Integration, columns: dict[str, Any]
) -> None:
    if columns.get("worker"):
        columns = {**columns, "lease_until": timezone.now() + dt.timedelta(minutes=1)}

    page = text(operator.get(url(run_in(integration, **columns))))

    assert "Resume now" not in page
    assert "Execute now" not in page


def test_resume_goes_on_with_the_run(
    operator: Client, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_in(integration, waiting=True)
    resumed: list[Run] = []
    monkeypatch.setattr(runs, "resume", lambda *, run, by, patience_seconds: resumed.append(run))

    response = operator.post(url(run, "resume"))

    assert response.headers["Location"] == url(run)
    assert [each.pk for each in resumed] == [run.pk]


def test_resume_that_is_refused_says_why(operator: Client, integration: Integration) -> None:
    run = run_in(integration, succeeded=True)

    response = operator.post(url(run, "resume"), follow=True)

    assert f"run {run.pk} has succeeded" in text(response)


def test_cancel_ends_a_run_that_nobody_executes(operator: Client, integration: Integration) -> None:
    run = run_in(integration, waiting=True)

    operator.post(url(run, "cancel"))

    run.refresh_from_db()
    assert run.status == Run.Status.CANCELLED


def test_cancel_is_confirmed_first(operator: Client, integration: Integration) -> None:
    run = run_in(integration, waiting=True)

    page = text(operator.get(url(run, "cancel")))

    assert "Cancel the run" in page
    assert "the runs that this one has started end with it" in page
    run.refresh_from_db()
    assert run.status == Run.Status.WAITING


def test_cancel_keeps_the_reason_with_who_did_it(operator: Client, integration: Integration) -> None:
    run = run_in(integration, waiting=True)

    operator.post(url(run, "cancel"), {"reason": "wrong customer"})

    assert AuditRecord.objects.get(action="cancel", tag=str(run.pk)).reason == "wrong customer"


def test_confirming_is_not_offered_for_a_run_that_has_ended(operator: Client, integration: Integration) -> None:
    page = text(operator.get(url(run_in(integration, succeeded=True), "cancel")))

    assert "This run has ended already" in page
    assert "Cancel the run" not in page


def test_confirming_is_for_those_who_may_cancel(viewer: Client, integration: Integration) -> None:
    assert viewer.get(url(run_in(integration, waiting=True), "cancel")).status_code == 403


def test_run_that_is_to_be_cancelled_says_so(operator: Client, integration: Integration) -> None:
    run = run_in(integration, running=True, cancel_requested_at=timezone.now())

    page = text(operator.get(url(run)))

    assert "cancel requested 0 s ago" in page
    assert "Cancel run" not in page


@pytest.mark.parametrize("name", ["resume", "cancel"])
def test_person_who_may_only_look_changes_nothing(viewer: Client, integration: Integration, name: str) -> None:
    run = run_in(integration, waiting=True)

    assert viewer.post(url(run, name)).status_code == 403
    run.refresh_from_db()
    assert run.status == Run.Status.WAITING


@pytest.mark.parametrize("name", ["resume", "cancel"])
def test_foreign_run_is_not_there_to_be_changed(operator: Client, name: str) -> None:
    assert operator.post(url(RunFactory.create(waiting=True), name)).status_code == 404


@pytest.mark.parametrize("name", ["resume", "cancel"])
def test_run_is_changed_by_a_form_with_its_token_only(integration: Integration, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member(integration, "Operators"))
    run = run_in(integration, waiting=True)

    client.get(url(run, name))
    assert client.post(url(run, name)).status_code == 403
    run.refresh_from_db()
    assert run.status == Run.Status.WAITING


def test_resume_by_a_link_is_refused(operator: Client, integration: Integration) -> None:
    assert operator.get(url(run_in(integration, waiting=True), "resume")).status_code == 405
