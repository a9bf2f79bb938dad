from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.connectors.http.errors import HttpStatusError
from integrations.errors import InvalidInput, PermissionRefused
from integrations.models import FailureGroup
from integrations.operations import failure_groups, features
from integrations.runtime.lifecycle import failure_grouping
from integrations.runtime.queue import claiming
from tests.factories import RunFactory
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.replaying import ORDER, execute, make_store, refused, scripted
from tests.scenes.scene import everything_but, last_audit, person

pytestmark = pytest.mark.django_db

State = FailureGroup.State


@pytest.fixture
def api() -> Iterator[FakeActionConnector]:
    with scripted() as fake:
        yield fake


@pytest.fixture
def integration() -> models.Integration:
    return make_store(ORDER)


@pytest.fixture
def group(integration: models.Integration, api: FakeActionConnector) -> FailureGroup:
    fail(integration, api)
    return FailureGroup.objects.get()


def fail(integration: models.Integration, api: FakeActionConnector, error: Exception | None = None) -> models.Run:
    api.script("pay", error or refused())
    run = execute(integration)
    assert run.status == "failed"
    return run


def answered(text: str, status: int = 422) -> HttpStatusError:
    return HttpStatusError(text, status=status)


# -- Counting ---------------------------------------------------------------------------------------------------------


def test_failed_run_belongs_to_a_group_that_says_what_failed(
    integration: models.Integration, api: FakeActionConnector
) -> None:
    run = fail(integration, api)

    group = FailureGroup.objects.get()
    run.refresh_from_db()
    assert run.failure_group == group
    assert (group.integration, group.feature, group.app, group.target) == (integration, run.feature, "store", "pay")
    assert (group.title, group.error_code, group.count) == ("the API answered <n>", "http_422", 1)
    assert (group.message, group.first_version) == ("the API answered 422", 1)
    assert group.first_seen == group.last_seen == run.finished_at


def test_equal_failures_are_counted_together_and_others_apart(
    integration: models.Integration, api: FakeActionConnector
) -> None:
    for error in (
        answered("order 1 is gone"),
        answered("order 22 is gone"),
        answered("no such thing"),
        answered("order 3 is gone", 409),
    ):
        fail(integration, api, error)

    counts = set(FailureGroup.objects.values_list("title", "error_code", "count"))
    assert counts == {
        ("order <n> is gone", "http_422", 2),
        ("no such thing", "http_422", 1),
        ("order <n> is gone", "http_409", 1),
    }


def test_first_version_stays_the_first(
    integration: models.Integration, api: FakeActionConnector, group: FailureGroup
) -> None:
    features.update(integration=integration, tag="order", changes={"description": "new"}, by=SYSTEM, publish=True)

    run = fail(integration, api)

    group.refresh_from_db()
    assert (group.first_version, group.count, run.feature_version and run.feature_version.number) == (1, 2, 2)


def test_success_and_cancel_are_in_no_group(integration: models.Integration, api: FakeActionConnector) -> None:
    assert execute(integration).failure_group is None
    assert not FailureGroup.objects.exists()


def test_quarantined_runs_of_one_cause_are_of_one_group(integration: models.Integration) -> None:
    now = timezone.now()
    for worker in ("host:1:aaaaaaaa", "host:2:bbbbbbbb"):
        run = RunFactory.create(
            integration=integration,
            feature=integration.features.get(),
            running=True,
            crashes=claiming.LAST_CRASH - 1,
            worker=worker,
            lease_until=now,
        )
        claiming.crashed(run, evidence=f"worker {worker} did not renew its lease", now=now)

    group = FailureGroup.objects.get()
    assert (group.title, group.error_code, group.count) == ("worker did not renew its lease", "quarantined", 2)
    assert group.runs.count() == 2


def test_many_failures_of_one_turn_take_few_queries(
    integration: models.Integration, django_assert_max_num_queries: Any
) -> None:
    runs = [
        RunFactory.create(integration=integration, feature=integration.features.get(), failed=True) for _ in range(9)
    ]
    failures = [
        failure_grouping.Failure(run=run, code="http_503", message=f"try {run.pk}", place="main/pay") for run in runs
    ]

    failure_grouping.note(failures[:1], now=timezone.now())

    with django_assert_max_num_queries(4):
        failure_grouping.note(failures[1:], now=timezone.now())

    assert FailureGroup.objects.get().count == 9


# -- States -----------------------------------------------------------------------------------------------------------


def test_resolved_group_opens_again_when_it_is_seen_again(
    integration: models.Integration, api: FakeActionConnector, group: FailureGroup
) -> None:
    failure_groups.resolve(group, by=SYSTEM)
    assert group.state_at(timezone.now()) == State.RESOLVED

    fail(integration, api)

    group.refresh_from_db()
    assert group.state_at(timezone.now()) == State.OPEN
    assert group.reopened_at == group.last_seen
    assert group.count == 2


def test_failure_in_an_open_group_is_no_reopening(
    integration: models.Integration, api: FakeActionConnector, group: FailureGroup
) -> None:
    fail(integration, api)

    group.refresh_from_db()
    assert group.reopened_at is None


def test_snoozed_group_comes_back_by_itself(group: FailureGroup) -> None:
    now = timezone.now()
    change(group, snoozed_until=now + dt.timedelta(hours=1))

    later = now + dt.timedelta(hours=2)
    assert (group.state_at(now), group.state_at(later)) == (State.SNOOZED, State.OPEN)
    for moment, state in ((now, State.SNOOZED), (later, State.OPEN)):
        found = {each for each in State if FailureGroup.objects.in_state(each, moment).exists()}
        assert found == {state}


def test_change_is_recorded(group: FailureGroup) -> None:
    engineer = person("manage_failuregroup", member_of=group.integration)

    change(group, by=engineer, assigned_to=engineer, note=" the API changed ")

    group.refresh_from_db()
    assert (group.assigned_to, group.note) == (engineer, "the API changed")
    audit = last_audit()
    assert (audit.action, audit.kind, audit.by) == ("change", "failure group", engineer)
    assert audit.changes["assigned_to"] == {"from": None, "to": str(engineer)}
    assert "resolved_at" not in audit.changes


def test_group_is_not_assigned_to_who_cannot_see_it(group: FailureGroup) -> None:
    with pytest.raises(InvalidInput, match="may not see this integration"):
        change(group, assigned_to=person())


def test_changes_take_their_permission(group: FailureGroup) -> None:
    somebody = person(*everything_but("manage_failuregroup"), member_of=group.integration)

    for operation in (failure_groups.resolve, failure_groups.reopen, change):
        with pytest.raises(PermissionRefused):
            operation(group, by=somebody)


def test_reopened_by_hand_is_open(group: FailureGroup) -> None:
    failure_groups.resolve(group, by=SYSTEM)

    failure_groups.reopen(group, by=SYSTEM)

    assert group.state_at(timezone.now()) == State.OPEN


def change(group: FailureGroup, **more: Any) -> FailureGroup:
    same: dict[str, Any] = {"by": SYSTEM, "assigned_to": None, "snoozed_until": None, "note": ""}
    return failure_groups.change(group, **{**same, **more})
