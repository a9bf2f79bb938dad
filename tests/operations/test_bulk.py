from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import Busy, InvalidInput, OperationRefused, PermissionRefused
from integrations.models import Run
from integrations.operations import _bulk_items, bulk, dispatch, replays, runs
from integrations.runtime.limits.queue_cap import QUEUE_CAP
from integrations.workers.bulk_work import BulkWork
from tests.factories import RunFactory
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.replaying import ORDER, called, execute, make_store, refused, scripted
from tests.scenes.scene import everything_but, last_audit, person

pytestmark = pytest.mark.django_db

Kind = bulk.Kind
WHY = "the API was away"


@pytest.fixture
def api() -> Iterator[FakeActionConnector]:
    with scripted() as fake:
        yield fake


@pytest.fixture
def integration() -> models.Integration:
    return make_store(ORDER)


@pytest.fixture
def failures(integration: models.Integration, api: FakeActionConnector) -> list[Run]:
    api.script("pay", *[refused() for _ in range(3)])
    return [execute(integration) for _ in range(3)]


def begin(kind: bulk.Kind = Kind.RETRY, **more: Any) -> models.BulkOperation:
    return bulk.start(kind=kind, **{"runs": Run.objects.all(), "by": SYSTEM, "reason": WHY, **more})


def worked(operation: models.BulkOperation) -> tuple[str, int, int]:
    bulk.work(seconds=30)
    operation.refresh_from_db()
    return operation.status, operation.done, operation.failed


def test_retry_starts_a_run_for_each_failed_one(integration: models.Integration, failures: list[Run]) -> None:
    execute(integration, n=2)

    operation = begin(description="failed yesterday")

    assert (operation.total, operation.status) == (3, "running")
    assert worked(operation) == ("succeeded", 3, 0)
    assert operation.finished_at is not None
    for failed, item in zip(failures, operation.items.order_by("id"), strict=True):
        assert item.result_id is not None
        retry = Run.objects.get(pk=item.result_id)
        assert (retry.replay_of, retry.replay_reason, retry.status) == (failed, WHY, "queued")


def test_start_is_recorded_once(failures: list[Run]) -> None:
    begin(description="failed yesterday")

    audit = last_audit()
    assert (audit.action, audit.kind, audit.reason) == ("bulk retry", "bulk operation", WHY)
    assert audit.changes["runs"]["to"] == "3 runs: failed yesterday"


def test_work_goes_on_where_it_was_cut_off(failures: list[Run]) -> None:
    operation = begin()

    assert bulk.work(seconds=0)
    operation.refresh_from_db()
    assert (operation.status, operation.done) == ("running", 1)

    assert worked(operation) == ("succeeded", 3, 0)
    assert Run.objects.filter(replay_of__in=failures).count() == 3


def test_cancels_go_on_while_dispatch_is_paused_and_nothing_else_does(
    integration: models.Integration, failures: list[Run]
) -> None:
    retries = begin()
    queued = RunFactory.create(integration=integration, feature=integration.features.get())
    dispatch.pause(reason="restored", by=SYSTEM)

    assert worked(begin(Kind.CANCEL)) == ("succeeded", 1, 0)

    queued.refresh_from_db()
    assert queued.status == "cancelled"
    assert worked(retries) == ("running", 0, 0)
    assert (bulk.is_on_hold("retry"), bulk.is_on_hold("replay"), bulk.is_on_hold("cancel")) == (True, True, False)


def test_nested_run_that_was_cancelled_with_the_one_above_it_is_done(integration: models.Integration) -> None:
    feature = integration.features.get()
    outer = RunFactory.create(integration=integration, feature=feature)
    RunFactory.create(integration=integration, feature=feature, parent=outer, parent_step="main/inner")

    assert worked(begin(Kind.CANCEL)) == ("succeeded", 2, 0)


def test_retries_wait_until_dispatch_is_resumed(failures: list[Run]) -> None:
    operation = begin()
    dispatch.pause(reason="restored", by=SYSTEM)

    bulk_work = BulkWork()
    bulk_work.look()
    operation.refresh_from_db()
    assert (operation.done, operation.failed) == (0, 0)
    assert bulk_work.seconds_left() > 1
    dispatch.resume(by=SYSTEM)
    BulkWork().look()

    operation.refresh_from_db()
    assert operation.done > 0


def test_crash_in_the_middle_leaves_neither_run_nor_note(failures: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    operation = begin()

    def killed(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(_bulk_items, "_note", killed)
        with pytest.raises(KeyboardInterrupt):
            bulk.work(seconds=1)

    assert not Run.objects.filter(replay_of__in=failures).exists()
    assert worked(operation) == ("succeeded", 3, 0)


def test_run_that_was_retried_meanwhile_is_not_retried_again(failures: list[Run]) -> None:
    operation = begin()
    replays.retry(failures[1], by=SYSTEM, reason="I was faster")

    assert worked(operation) == ("succeeded", 2, 1)
    assert "which may write the same, is still queued" in operation.items.get(state="failed").message
    assert begin(runs=Run.objects.filter(replay_of=None) | Run.objects.all(), kind=Kind.CANCEL).total == 3


def test_nested_runs_and_those_with_a_later_attempt_do_not_fit_a_retry(failures: list[Run]) -> None:
    replays.retry(failures[0], by=SYSTEM, reason=WHY)
    Run.objects.filter(pk=failures[1].pk).update(parent=failures[2], parent_step="main/x")

    assert list(bulk.fitting(Kind.RETRY, Run.objects.all())) == [failures[2]]


def test_replay_takes_its_options(integration: models.Integration, api: FakeActionConnector) -> None:
    run = execute(integration)

    operation = begin(Kind.REPLAY, version="latest", start="failure")

    assert worked(operation) == ("succeeded", 1, 0)
    assert Run.objects.get(replay_of=run).steps.count() == 4


@pytest.mark.parametrize(("writes", "calls"), [("again", ["look", "create", "pay"]), ("take_over", ["look", "pay"])])
def test_replay_does_again_or_takes_over_what_was_written_as_it_was_asked_to(
    failures: list[Run], api: FakeActionConnector, writes: replays.Choice, calls: list[str]
) -> None:
    operation = begin(Kind.REPLAY, runs=Run.objects.filter(pk=failures[0].pk), writes=writes)
    assert worked(operation) == ("succeeded", 1, 0)
    called(api)
    api.script("pay", refused())

    runs.execute(Run.objects.get(replay_of=failures[0]))

    assert called(api) == calls


def test_replay_that_is_to_write_nothing_again_leaves_out_what_kept_no_results(
    failures: list[Run], api: FakeActionConnector
) -> None:
    Run.objects.filter(pk=failures[0].pk).update(store_event_results=False)

    operation = begin(Kind.REPLAY, runs=Run.objects.filter(pk__in=[failures[0].pk, failures[1].pk]), writes="take_over")

    assert worked(operation) == ("succeeded", 1, 1)
    assert "nobody knows what it has written" in operation.items.get(state="failed").message


def test_replay_from_before_writes_were_asked_for_goes_on(failures: list[Run]) -> None:
    operation = begin(Kind.REPLAY)
    models.BulkOperation.objects.update(options={"version": "original", "start": "beginning"})

    assert worked(operation) == ("succeeded", 3, 0)


def test_cancel_ends_what_has_not_ended(integration: models.Integration) -> None:
    feature = integration.features.get()
    runs = [RunFactory.create(integration=integration, feature=feature) for _ in range(2)]
    ended = RunFactory.create(integration=integration, feature=feature, succeeded=True)

    assert worked(begin(Kind.CANCEL)) == ("succeeded", 2, 0)
    assert {run.pk for run in Run.objects.filter(status="cancelled")} == {run.pk for run in runs}
    ended.refresh_from_db()
    assert ended.status == "succeeded"


def test_refusal_of_one_run_is_noted_and_stops_no_other(failures: list[Run]) -> None:
    failures[0].environment.bindings.all().delete()

    operation = begin()

    assert worked(operation) == ("failed", 0, 3)
    assert operation.message == "nothing was done: each of the 3 runs was refused"
    assert {item.message for item in operation.items.all()} == {
        'connected_apps/store/envs: not bound in environment "dev" (bind it first)'
    }


def test_full_queue_is_waited_for(failures: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    operation = begin()

    def busy(integration_id: int) -> None:
        raise Busy(queued=10, cap=5, retry_after_seconds=5)

    with monkeypatch.context() as patched:
        patched.setattr(QUEUE_CAP, "admit", busy)
        assert not bulk.work(seconds=5)

    operation.refresh_from_db()
    assert (operation.status, operation.left) == ("running", 3)
    assert worked(operation) == ("succeeded", 3, 0)


def test_permission_is_asked_for_again_while_it_is_carried_out(failures: list[Run]) -> None:
    operator = person("replay_run", "view_run", member_of=failures[0].integration)
    operation = begin(by=operator)
    operator.user_permissions.clear()

    assert worked(operation) == ("failed", 0, 0)
    assert "you may not" in operation.message


def test_only_runs_that_one_may_see_are_chosen(failures: list[Run]) -> None:
    stranger = person("replay_run", "view_run")

    with pytest.raises(OperationRefused, match="there is nothing to retry"):
        begin(by=stranger)


def test_deleted_users_wish_is_not_carried_out(failures: list[Run]) -> None:
    operator = person("replay_run", "view_run", member_of=failures[0].integration)
    operation = begin(by=operator)
    operator.delete()

    assert worked(operation) == ("failed", 0, 0)


def test_stopped_operation_leaves_the_rest(failures: list[Run]) -> None:
    operation = begin()
    bulk.work(seconds=0)

    bulk.stop(operation, by=SYSTEM)

    assert worked(operation) == ("cancelled", 1, 0)
    assert operation.message == "stopped by system"
    with pytest.raises(OperationRefused, match="this operation has already ended"):
        bulk.stop(operation, by=SYSTEM)


def test_start_is_refused_without_reason_or_permission_or_for_too_many(
    failures: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput, match="reason: a reason is required"):
        begin(reason=" ")
    with pytest.raises(PermissionRefused):
        begin(by=person(*everything_but("replay_run")))
    monkeypatch.setattr(bulk, "MOST_RUNS", 2)
    with pytest.raises(OperationRefused, match="more than 2 runs"):
        begin()

    assert not models.BulkOperation.objects.exists()


def test_looking_for_work_where_there_is_none_is_one_query(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert not bulk.work(seconds=1)


@pytest.mark.django_db(transaction=True)
def test_workers_together_do_each_run_once() -> None:
    integration = make_store(ORDER)
    for _ in range(24):
        RunFactory.create(integration=integration, feature=integration.features.get())
    operation = begin(Kind.CANCEL)

    workers = [threading.Thread(target=_work_and_leave) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert worked(operation) == ("succeeded", 24, 0)
    assert models.AuditRecord.objects.filter(action="cancel").count() == 24


def _work_and_leave() -> None:
    try:
        bulk.work(seconds=20)
    finally:
        connection.close()
