"""Approvals: the list of what one may decide, the page that decides, and what was decided."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import Approval, Integration, Run
from tests.admin.conftest import logged_in, member
from tests.admin.pages import change_url, list_url, text
from tests.factories import EnvironmentFactory, RunFactory, UserFactory

LIST = list_url(Approval)


@pytest.fixture
def boss(integration: Integration) -> User:
    return member(integration, "Operators")


@pytest.fixture
def operator(boss: User) -> Client:
    return logged_in(boss)


@pytest.fixture
def viewer(integration: Integration) -> Client:
    return logged_in(member(integration, "Viewers"))


def asked(integration: Integration | None, *, run: dict[str, Any] | None = None, **columns: Any) -> Approval:
    """Return an approval that a run of the integration, None for a foreign one, waits for."""
    where: dict[str, Any] = {}
    if integration is not None:
        environment = integration.environments.first() or EnvironmentFactory.create(integration=integration)
        where = {"environment": environment, "integration": integration}
    row = RunFactory.create(**{"waiting": True, "due_at": None, **where, **(run or {})})
    approval: Approval = Approval.objects.create(
        **{"run": row, "step": "main/boss", "event": "boss", "title": "Ship it?", **columns}
    )
    return approval


def decide_url(approval: Approval) -> str:
    return reverse("admin:integrations_approval_decide", args=[approval.pk])


def found(client: Client, state: str) -> list[Approval]:
    return list(client.get(f"{LIST}?state={state}").context["cl"].result_list)


# The list


def test_list_tells_what_one_may_decide_from_the_rest(operator: Client, boss: User, integration: Integration) -> None:
    mine = asked(integration)
    own_run = asked(integration, run={"created_by": boss})
    done = asked(integration, decision="approved", decided_at=timezone.now(), decided_by_name="ada", reason="fine")
    late = asked(integration, expires_at=timezone.now() - dt.timedelta(minutes=1))
    asked(None)

    assert found(operator, "mine") == [mine]
    assert found(operator, "open") == [own_run, mine]
    assert found(operator, "decided") == [done]
    assert found(operator, "") == [late, done, own_run, mine]
    assert "For me to decide (1)" in text(operator.get(LIST))


def test_list_shows_how_each_stands(viewer: Client, integration: Integration) -> None:
    asked(integration, title="Pay?", decision="rejected", decided_at=timezone.now(), decided_by_name="ada")
    asked(integration, title="Late?", expires_at=timezone.now() - dt.timedelta(minutes=1))
    asked(integration, title="Gone?", run={"waiting": False, "cancelled": True})

    page = text(viewer.get(LIST))

    for expected in ("Pay?", "Rejected", "ada", "Late?", "Expired", "Gone?", "Run has ended", "Order sync"):
        assert expected in page, expected


def test_list_takes_the_same_queries_for_many(
    viewer: Client, integration: Integration, django_assert_max_num_queries: Any
) -> None:
    for _ in range(8):
        asked(integration)

    with django_assert_max_num_queries(10):
        viewer.get(LIST)


# The page


def test_page_shows_what_is_asked(operator: Client, integration: Integration) -> None:
    expires_at = timezone.now() + dt.timedelta(minutes=10, seconds=30)
    approval = asked(integration, description="<b>Two pallets</b>", payload={"total": 0}, expires_at=expires_at)

    page = operator.get(change_url(approval))

    assert "&lt;b&gt;Two pallets" in page.content.decode()
    for expected in ("Ship it?", '"total": 0', "in 10 min", change_url(approval.run), "everyone who may decide"):
        assert expected in text(page), expected
    assert 'name="decision"' in text(page)


def test_page_names_the_people_who_may_decide(operator: Client, integration: Integration) -> None:
    approval = asked(integration, is_restricted=True)
    approval.users.add(UserFactory.create(username="grace"))
    approval.groups.create(name="Shippers")

    page = text(operator.get(change_url(approval)))

    assert "grace, the group Shippers, but not who started the run" in page
    assert "Somebody else has to decide this" in page
    assert 'name="decision"' not in page


def test_decided_page_shows_by_whom_and_why(viewer: Client, integration: Integration) -> None:
    columns: dict[str, Any] = {
        "decision": "rejected",
        "decided_at": timezone.now(),
        "decided_by_name": "ada",
        "reason": "too dear",
    }

    page = text(viewer.get(change_url(asked(integration, **columns))))

    assert "Rejected" in page
    assert "by ada" in page
    assert "too dear" in page
    assert 'name="decision"' not in page


def test_long_payload_is_cut_with_a_link_to_all(viewer: Client, integration: Integration) -> None:
    approval = asked(integration, payload={"text": "x" * 20_000})

    page = viewer.get(change_url(approval))

    url = reverse("admin:integrations_approval_payload", args=[approval.pk])
    assert len(page.content) < 60_000
    assert url in text(page)
    assert json.loads(viewer.get(url).content) == {"text": "x" * 20_000}


# Deciding


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_decision_is_stored_with_its_reason_and_the_run_goes_on(
    operator: Client, boss: User, integration: Integration, decision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.operations.workers.is_worker_there", lambda: True)
    approval = asked(integration)

    response = operator.post(decide_url(approval), {"decision": decision, "reason": "checked"})

    assert response.headers["Location"] == change_url(approval.run)
    approval.refresh_from_db()
    assert (approval.decision, approval.reason, approval.decided_by) == (decision, "checked", boss)
    approval.run.refresh_from_db()
    assert approval.run.status == Run.Status.QUEUED


@pytest.mark.parametrize(
    ("columns", "boxes", "problem"),
    [
        ({"decision": "approved", "decided_at": timezone.now()}, {"decision": "rejected"}, "approved already"),
        ({}, {}, "decision"),
        ({"is_restricted": True}, {"decision": "approved"}, "not among the people"),
    ],
)
def test_refused_decision_says_why(
    operator: Client, integration: Integration, columns: dict[str, Any], boxes: dict[str, str], problem: str
) -> None:
    approval = asked(integration, **columns)

    response = operator.post(decide_url(approval), boxes, follow=True)

    assert problem in text(response)
    before = approval.decision
    approval.refresh_from_db()
    assert approval.decision == before


def test_person_who_may_only_look_decides_nothing(viewer: Client, integration: Integration) -> None:
    approval = asked(integration)

    response = viewer.post(decide_url(approval), {"decision": "approved"}, follow=True)

    assert "you may not decide approvals" in text(response)
    approval.refresh_from_db()
    assert approval.decision == ""


def test_foreign_approval_is_not_there(operator: Client) -> None:
    approval = asked(None)

    assert operator.get(change_url(approval)).status_code == 404
    assert operator.post(decide_url(approval), {"decision": "approved"}).status_code == 404
    assert operator.get(reverse("admin:integrations_approval_payload", args=[approval.pk])).status_code == 404


@pytest.mark.parametrize("object_id", ["0", "x", "9" * 30])
def test_page_of_no_approval_is_not_there(operator: Client, object_id: str) -> None:
    assert operator.get(f"{LIST}{object_id}/change/").status_code == 404


def test_decision_by_a_link_is_refused(operator: Client, integration: Integration) -> None:
    assert operator.get(decide_url(asked(integration))).status_code == 405


def test_person_without_the_permission_sees_no_approval(integration: Integration) -> None:
    nobody = logged_in(member(integration))

    assert nobody.get(LIST).status_code == 403
    assert nobody.get(change_url(asked(integration))).status_code == 403
