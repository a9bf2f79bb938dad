from __future__ import annotations

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from integrations import models
from integrations.actors import SYSTEM
from integrations.builder import Ductape
from integrations.engine.records import Outcome
from integrations.errors import IntegrationsError, InvalidInput, NotFound, OperationRefused, PermissionRefused
from integrations.operations import approvals, runs, secrets
from integrations.runtime.lifecycle import run_tree
from integrations.runtime.queue import claiming
from integrations.types import JsonObject
from tests.scenes.ending import end_execution
from tests.scenes.nesting import made_of, make_nest, start
from tests.scenes.scene import last_audit, person

pytestmark = pytest.mark.django_db

Decision = models.Approval.Decision
Status = models.Run.Status
MAY = ("decide_approval", "view_approval", "view_integration")


def asking(**input: Any) -> JsonObject:
    event: JsonObject = {"type": "approval", "event": "boss", "input": {"title": "Pay?", **input}}
    return made_of("pay", event, output="$Sequence{main}{boss}")


def waiting(integration: models.Integration | None = None, **input: Any) -> models.Approval:
    """Return the approval that a run of the feature waits for."""
    integration = integration or make_nest(asking(**input))
    run = runs.execute(start(integration, "pay"))
    assert run.status == Status.WAITING
    return models.Approval.objects.get(run=run)


def boss(approval: models.Approval, **more: Any) -> User:
    return person(*MAY, member_of=approval.run.integration, **more)


@pytest.mark.parametrize(
    ("characters", "shown"),
    [
        (1013, {"text": "x" * 1013}),
        (2000, {"truncated": True, "size_bytes": 2011, "preview": f'{{"text":"{"x" * 1991}'}),
    ],
    ids=["fits", "too large"],
)
def test_payload_beyond_the_cap_is_shown_truncated(settings: Settings, characters: int, shown: JsonObject) -> None:
    settings.DUCTAPE_PAYLOAD_CAP_BYTES = 1024

    assert waiting(payload={"text": "x" * characters}).payload == shown


def test_decision_lets_the_run_go_on_and_is_written_down() -> None:
    approval = waiting(payload={"total": 5}, description="For the chairs", expires_in=3600)
    ada = boss(approval)
    assert (approval.title, approval.payload, approval.step, approval.event) == (
        "Pay?",
        {"total": 5},
        "main/boss",
        "boss",
    )
    assert approval.expires_at == approval.created_at + dt.timedelta(hours=1)
    assert approval.run.due_at == approval.expires_at

    decided = approvals.decide(approval=approval, decision="approved", reason="in budget", by=ada)

    assert (decided.decision, decided.decided_by, decided.decided_by_name) == ("approved", ada, ada.username)
    record = last_audit()
    assert (record.action, record.kind, record.by, record.reason) == (
        "approve",
        "approval",
        ada,
        "main/boss: in budget",
    )
    run = approvals.resume(decided)
    assert run.status == Status.SUCCEEDED
    assert run.output["by"] == ada.username


def test_rejection_fails_the_run() -> None:
    approval = waiting()

    approvals.decide(approval=approval, decision="rejected", reason="too dear", by=SYSTEM)

    run = approvals.resume(approval)
    assert (run.status, run.error_code, run.error_message) == (
        Status.FAILED,
        "rejected",
        "rejected by the system: too dear",
    )


def test_second_decision_is_refused() -> None:
    approval = waiting()
    ada = boss(approval)
    approvals.decide(approval=models.Approval.objects.get(pk=approval.pk), decision="approved", by=ada)

    with pytest.raises(OperationRefused, match=f"this was approved by {ada.username} already"):
        approvals.decide(approval=approval, decision="rejected", by=SYSTEM)

    assert models.Approval.objects.get().decision == "approved"


def test_decision_that_comes_too_late_is_refused_and_the_run_goes_on_as_expired() -> None:
    approval = waiting(expires_in=60)
    past = timezone.now() - dt.timedelta(seconds=1)
    models.Approval.objects.update(expires_at=past)
    models.Run.objects.update(due_at=past)

    with pytest.raises(OperationRefused, match="the time to decide this has run out"):
        approvals.decide(approval=approval, decision="approved", by=SYSTEM)

    run = runs.execute(approval.run)
    approval.refresh_from_db()
    assert (run.status, run.error_code) == (Status.FAILED, "expired")
    assert (approval.decision, approval.decided_at, approval.decided_by) == ("expired", past, None)


@pytest.mark.django_db(transaction=True)
def test_deciding_while_the_time_runs_out_keeps_neither_waiting_for_the_other() -> None:
    approval = waiting(expires_in=3600)
    is_locked = threading.Event()

    def expire() -> None:
        with closing(connection), transaction.atomic():
            run_tree.lock([approval.run_id])
            is_locked.set()
            time.sleep(0.2)  # the decision has come by now
            assert approval.expires_at is not None
            assert approval.decide(Decision.EXPIRED, by=None, reason="", now=approval.expires_at)

    with ThreadPoolExecutor() as pool:
        expiring = pool.submit(expire)
        is_locked.wait(timeout=5)
        with pytest.raises(OperationRefused, match="this was expired already"):
            approvals.decide(approval=models.Approval.objects.get(), decision="approved", by=SYSTEM)
        expiring.result()

    approval.refresh_from_db()
    assert approval.decision == Decision.EXPIRED


def test_decision_on_a_run_that_has_ended_is_refused() -> None:
    approval = waiting()
    runs.cancel(run=approval.run, by=SYSTEM)

    with pytest.raises(OperationRefused, match=r"the run has ended \(cancelled\)"):
        approvals.decide(approval=approval, decision="approved", by=SYSTEM)


def test_decision_before_the_run_is_parked_keeps_it_from_being_parked() -> None:
    approval = waiting()
    held = claiming.claim_one(approval.run_id, worker="tester")
    assert held is not None

    approvals.decide(approval=approval, decision="approved", by=SYSTEM)
    end_execution(held, Outcome(status="waiting"))

    held.refresh_from_db()
    assert held.status == Status.QUEUED


def test_words_that_are_no_decision_are_refused() -> None:
    with pytest.raises(InvalidInput, match='should be "approved" or "rejected"'):
        approvals.decide(approval=waiting(), decision="expired", by=SYSTEM)


def test_secret_in_a_reason_is_not_stored() -> None:
    approval = waiting()
    integration = approval.run.integration
    secrets.put(integration=integration, key="key", value="hush-hush", by=SYSTEM)

    decided = approvals.decide(approval=approval, decision="approved", reason="it is hush-hush", by=SYSTEM)

    assert decided.reason == "it is [redacted]"


# Who may decide


def _refusal(approval: models.Approval, user: User) -> type[IntegrationsError] | None:
    """Return what deciding raises, after finding that the list of open ones agrees."""
    listed = approvals.open_for(by=user).filter(pk=approval.pk).exists()
    try:
        approvals.decide(approval=approval, decision="approved", by=user)
    except IntegrationsError as error:
        assert not listed
        return type(error)
    assert listed
    return None


def test_everyone_with_the_permission_who_sees_the_integration_may_decide() -> None:
    approval = waiting()

    assert _refusal(approval, person("view_approval", member_of=approval.run.integration)) is PermissionRefused
    assert _refusal(approval, person(*MAY)) is NotFound
    assert _refusal(approval, boss(approval)) is None


@pytest.mark.parametrize("name", ["users", "groups"])
def test_named_approvers_and_no_others_may_decide(name: str) -> None:
    ada = person(*MAY)
    managers = Group.objects.create(name="Managers")
    ada.groups.add(managers)
    integration = make_nest(asking(approvers={name: [ada.username if name == "users" else managers.name]}))
    integration.members.add(ada)
    approval = waiting(integration)

    assert _refusal(approval, boss(approval)) is PermissionRefused
    assert _refusal(approval, ada) is None


def test_superuser_who_is_not_named_may_not_decide() -> None:
    ada, root = person(*MAY), person()
    root.is_superuser = True
    root.save()
    approval = waiting(approvers={"users": [ada.username]})

    assert _refusal(approval, root) is PermissionRefused


@pytest.mark.parametrize(("self_approval", "refusal"), [(False, PermissionRefused), (True, None)])
def test_person_who_started_the_run_may_decide_only_where_that_is_wanted(
    self_approval: bool, refusal: type[IntegrationsError] | None
) -> None:
    approval = waiting(self_approval=self_approval)
    ada = boss(approval)
    models.Run.objects.update(created_by=ada)
    approval.run.refresh_from_db()

    assert _refusal(approval, ada) is refusal


@pytest.mark.parametrize(
    ("approvers", "message"),
    [
        ({"users": ["nobody"]}, 'approvers: there is no active user "nobody"'),
        ({"groups": ["None", "Nil"]}, 'approvers: there is no group "None", "Nil"'),
        ({"users": []}, "approvers is empty; name a user or group"),
    ],
)
def test_approvers_who_do_not_exist_fail_the_event(approvers: JsonObject, message: str) -> None:
    run = runs.execute(start(make_nest(asking(approvers=approvers)), "pay"))

    assert (run.error_code, run.error_message) == ("unknown_approver", message)
    assert not models.Approval.objects.exists()


# From application code


def test_builder_lists_and_decides() -> None:
    approval = waiting()
    ada = boss(approval)
    builder = Ductape(user=ada).get_integration_builder("nest")

    [listed] = builder.fetch_approvals()
    decided = builder.decide_approval(listed.process_id, "boss", "approved", "fine")

    assert (listed.title, listed.decision, decided.decision, decided.by) == ("Pay?", "", "approved", ada.username)
    assert builder.fetch_approvals() == []
    assert runs.fetch(run_id=listed.process_id, by=SYSTEM).status == Status.SUCCEEDED


def test_builder_asks_which_of_several_is_meant() -> None:
    each: JsonObject = {"type": "for_each", "subject": [1, 2], "parallel": 2}
    event: JsonObject = {"type": "approval", "event": "boss", "input": {"title": "Pay $Item?"}, "condition": each}
    integration = make_nest(made_of("pay", event))
    run = runs.execute(start(integration, "pay"))
    builder = Ductape(user=SYSTEM).get_integration_builder("nest")

    with pytest.raises(OperationRefused, match=r"name one of them: main/boss\[0\], main/boss\[1\]"):
        builder.decide_approval(str(run.pk), "boss", "approved")
    builder.decide_approval(str(run.pk), "main/boss[1]", "approved")

    assert [each.title for each in builder.fetch_approvals()] == ["Pay 1?"]


@pytest.mark.parametrize(("run_id", "event"), [("nonsense", "boss"), (None, "other")])
def test_builder_names_what_there_is_to_decide(run_id: str | None, event: str) -> None:
    approval = waiting()
    builder = Ductape(user=SYSTEM).get_integration_builder("nest")

    with pytest.raises(NotFound):
        builder.decide_approval(run_id or str(approval.run_id), event, "approved")
