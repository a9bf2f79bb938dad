from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import AuditRecord, BulkOperation, FailureGroup, Integration, Job, Run
from tests.admin.conftest import logged_in, member
from tests.admin.pages import text
from tests.admin.runs.test_run import run_in
from tests.factories import IntegrationFactory
from tests.factories.run import NOON

LIST = "/admin/integrations/failuregroup/"


@pytest.fixture
def person(integration: Integration) -> User:
    return member(integration, "Operators")


@pytest.fixture
def operator(person: User) -> Client:
    return logged_in(person)


def group_in(integration: Integration, title: str = "it is away", **columns: Any) -> FailureGroup:
    number = FailureGroup.objects.count()
    own: dict[str, Any] = {"fingerprint": f"{number:064}", "first_seen": NOON, "last_seen": NOON, "count": 1}
    return FailureGroup.objects.create(integration=integration, title=title, **{**own, **columns})


def url(group: FailureGroup, name: str = "change", *rest: object) -> str:
    return reverse(f"admin:integrations_failuregroup_{name}", args=[group.pk, *rest])


def shown(client: Client, query: str = "") -> list[str]:
    return [group.title for group in client.get(f"{LIST}?{query}").context["cl"].result_list]


def test_list_shows_what_one_may_see_last_seen_first(operator: Client, integration: Integration) -> None:
    group_in(integration, "older")
    group_in(integration, "newer", last_seen=NOON + dt.timedelta(hours=1))
    group_in(IntegrationFactory.create(), "foreign")

    assert shown(operator) == ["newer", "older"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=open", {"open", "mine"}),
        ("state=snoozed", {"snoozed"}),
        ("state=resolved", {"resolved"}),
        ("state=odd", {"open", "snoozed", "resolved", "mine"}),
        ("assigned=me", {"mine"}),
        ("assigned=nobody", {"open", "snoozed", "resolved"}),
        ("assigned={person}", {"mine"}),
        ("assigned=odd", set()),
        ("q=snoo", {"snoozed"}),
    ],
)
def test_list_is_filtered(
    operator: Client, person: User, integration: Integration, query: str, found: set[str]
) -> None:
    group_in(integration, "open", count=9)
    group_in(integration, "snoozed", snoozed_until=timezone.now() + dt.timedelta(hours=1))
    group_in(integration, "resolved", resolved_at=NOON)
    group_in(integration, "mine", assigned_to=person)

    assert set(shown(operator, query.format(person=person.pk))) == found


def test_list_is_sorted_by_count(operator: Client, integration: Integration) -> None:
    group_in(integration, "few", count=2)
    group_in(integration, "many", count=20)

    assert shown(operator, "o=-5") == ["many", "few"]


def test_list_takes_the_same_queries_for_many_groups(
    operator: Client, person: User, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        group_in(integration, assigned_to=person)

    with django_assert_max_num_queries(11):
        operator.get(LIST)


def test_page_shows_the_group_and_its_runs(
    operator: Client, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    group = group_in(integration, message="it is away: 503", error_code="http_503", app="shop", target="pay")
    runs = [run_in(integration, failed=True, failure_group=group, error_place="main/pay") for _ in range(3)]

    with django_assert_max_num_queries(14):
        page = operator.get(url(group))

    assert set(page.context["runs"]) == set(runs)
    for words in ("it is away: 503", "http_503", "shop · pay", "main/pay"):
        assert words in text(page)


def test_group_of_a_job_that_runs_no_feature_names_what_it_calls(operator: Client, integration: Integration) -> None:
    job = Job.objects.create(integration=integration, tag="nightly")
    group = group_in(integration, feature=None, app="shop", target="get_order")
    run = run_in(integration, failure_group=group)
    Run.objects.filter(pk=run.pk).update(feature=None, job=job)
    gone = group_in(integration, feature=None)

    page = operator.get(url(group))

    assert {"label": "Job", "value": "nightly", "url": f"/admin/integrations/job/{job.pk}/change/"} in facts(page)
    assert "shop · get_order" in text(operator.get(LIST))
    assert {"label": "Feature", "value": "deleted"} in facts(operator.get(url(gone)))
    assert text(operator.get(LIST)).count("deleted feature") == 1


def facts(page: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.context["facts"]
    return found


def test_group_is_assigned_snoozed_and_noted(operator: Client, person: User, integration: Integration) -> None:
    group = group_in(integration)

    save(operator, group, assigned_to=person.pk, snooze="24", note="they know")

    assert (group.assigned_to, group.note) == (person, "they know")
    assert group.snoozed_until is not None
    assert dt.timedelta(hours=23) < group.snoozed_until - timezone.now() < dt.timedelta(hours=25)
    assert AuditRecord.objects.latest("pk").kind == "failure group"
    kept = group.snoozed_until
    save(operator, group)
    assert (group.assigned_to, group.snoozed_until) == (None, kept)
    save(operator, group, snooze="0")
    assert group.snoozed_until is None


def save(client: Client, group: FailureGroup, **values: Any) -> Any:
    """Send the form as it is shown, with these values in it."""
    revision = client.get(url(group)).context["form"].initial["revision"]
    page = client.post(url(group), {"revision": revision, **values})
    group.refresh_from_db()
    return page


def test_note_that_somebody_else_has_made_meanwhile_is_not_overwritten(
    operator: Client, integration: Integration
) -> None:
    group = group_in(integration)
    opened = operator.get(url(group)).context["form"].initial["revision"]
    save(operator, group, note="the key was rolled back")

    page = operator.post(url(group), {"revision": opened, "note": "", "snooze": "24"})

    assert "Someone else changed this meanwhile" in text(page)
    group.refresh_from_db()
    assert (group.note, group.snoozed_until) == ("the key was rolled back", None)


def test_group_of_who_has_left_the_integration_is_noted_and_given_to_somebody_else(
    operator: Client, person: User, integration: Integration
) -> None:
    former = member(integration, "Operators")
    group = group_in(integration, assigned_to=former)
    integration.members.remove(former)

    save(operator, group, assigned_to=former.pk, note="they know")
    assert (group.assigned_to, group.note) == (former, "they know")
    save(operator, group, assigned_to=person.pk, note="they know")
    assert group.assigned_to == person


def test_group_is_not_assigned_to_strangers(operator: Client, integration: Integration) -> None:
    group, stranger = group_in(integration), member(IntegrationFactory.create(), "Operators")

    page = save(operator, group, assigned_to=stranger.pk)

    assert "assigned_to" in page.context["form"].errors
    assert str(stranger) not in text(page)


def test_group_is_resolved_and_reopened(operator: Client, integration: Integration) -> None:
    group = group_in(integration)

    assert "Resolved" in text(operator.post(url(group, "resolve"), follow=True))
    group.refresh_from_db()
    assert group.resolved_at is not None
    operator.post(url(group, "reopen"))
    group.refresh_from_db()
    assert group.resolved_at is None


def test_all_runs_of_a_group_are_retried_after_a_reason(operator: Client, integration: Integration) -> None:
    group = group_in(integration)
    runs = [run_in(integration, failed=True, failure_group=group) for _ in range(2)]
    run_in(integration, failed=True)

    page = operator.post(url(group, "bulk", "retry"))
    assert "2 runs are selected" in text(page)
    operator.post(url(group, "bulk", "retry"), {"_confirmed": "1", "reason": "they are back"})

    operation = BulkOperation.objects.get()
    assert (operation.kind, operation.description) == ("retry", "failures: it is away")
    assert set(operation.items.values_list("run_id", flat=True)) == {run.pk for run in runs}
    assert operator.post(url(group, "bulk", "cancel")).status_code == 404


def test_viewer_sees_the_note_and_changes_nothing(integration: Integration) -> None:
    viewer, group = logged_in(member(integration, "Viewers")), group_in(integration, note="they know")

    page = viewer.get(url(group))

    assert "they know" in text(page)
    assert url(group, "resolve") not in text(page)
    for answer in (
        viewer.post(url(group), {"note": "x"}),
        viewer.post(url(group, "resolve")),
        viewer.post(url(group, "bulk", "retry")),
    ):
        assert answer.status_code == 403


def test_foreign_group_is_not_found(operator: Client) -> None:
    group = group_in(IntegrationFactory.create())

    assert operator.get(url(group)).status_code == 404
    assert operator.post(url(group, "resolve")).status_code == 404


def test_runs_page_leads_to_its_group(operator: Client, integration: Integration) -> None:
    group = group_in(integration)
    run: Run = run_in(integration, failed=True, failure_group=group)

    page = operator.get(reverse("admin:integrations_run_change", args=[run.pk]))

    assert url(group) in page.content.decode()
    runs = operator.get(f"/admin/integrations/run/?failure_group__id__exact={group.pk}")
    assert list(runs.context["cl"].result_list) == [run]
