from __future__ import annotations

import asyncio
import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.db import connection, transaction
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.engine.records import Outcome, RunError
from integrations.operations import features, runs
from integrations.runtime.execution import event_loop
from integrations.runtime.execution.driver import Driver
from integrations.runtime.lifecycle import run_tree
from integrations.runtime.queue import claiming
from integrations.types import JsonObject
from tests.scenes.ending import end_execution
from tests.scenes.nesting import BAD, HOLD, PAUSE, calling, made_of, make_nest, start

pytestmark = pytest.mark.django_db

Status = models.Run.Status
INNER = made_of("inner", PAUSE, output={"twice": ["$Input{n}", "$Input{n}"]}, input={"n": "number"})
OUTER = made_of("outer", calling("inner", input={"n": "$Input{n}"}), output="$Sequence{main}{inner}{twice}")


def _parked(integration: models.Integration, tag: str = "outer", **input: int) -> tuple[models.Run, models.Run]:
    """Return a run that waits for another one, and that one."""
    run = start(integration, tag, **input)
    _step_once(run)
    return run, models.Run.objects.get(parent=run)


def _step_once(run: models.Run) -> None:
    """Execute a run until it parks or ends, and nothing that it starts."""
    driver = Driver(event_loop=event_loop.shared(), worker="tester")
    claimed = claiming.claim_one(run.pk, worker="tester")
    assert claimed is not None
    driver.start([claimed])
    while driver.leases:
        driver.store_pending(timeout_seconds=1)
    run.refresh_from_db()


def test_nested_feature_is_a_run_of_its_own_in_the_same_environment() -> None:
    integration = make_nest(INNER, OUTER)

    run, nested = _parked(integration, n=3)

    assert (run.status, run.due_at, run.worker) == (Status.WAITING, None, "")
    assert (nested.status, nested.trigger, nested.depth, nested.parent_step) == ("queued", "run", 1, "main/inner")
    assert (nested.feature, nested.environment, nested.input) == (
        features.fetch(integration=integration, tag="inner", by=SYSTEM),
        run.environment,
        {"n": 3},
    )


def test_process_that_executes_a_run_also_executes_what_it_starts() -> None:
    integration = make_nest(
        INNER,
        OUTER,
        made_of(
            "outermost",
            calling(
                "outer",
                input={"n": "$Item"},
                condition={"type": "for_each", "subject": "$Input{all}", "parallel": 2},
            ),
            output="$Sequence{main}{outer}",
        ),
    )

    run = runs.execute(start(integration, "outermost", all=[1, 2, 3]))

    assert (run.status, run.output) == (Status.SUCCEEDED, [[1, 1], [2, 2], [3, 3]])
    assert models.Run.objects.filter(depth=2, status=Status.SUCCEEDED).count() == 3
    assert set(models.Run.objects.filter(depth=1).values_list("parent_step", flat=True)) == {
        "main/outer[0]",
        "main/outer[1]",
        "main/outer[2]",
    }


def test_nested_run_uses_the_release_of_the_run_above_whatever_was_published_since() -> None:
    integration = make_nest(INNER, OUTER)
    run = start(integration, "outer", n=3)

    features.update(integration=integration, tag="inner", changes={"output": "new"}, by=SYSTEM, publish=True)

    assert runs.execute(run).output == [3, 3]
    assert runs.execute(start(integration, "outer", n=3)).error_code == "unresolved"


def test_asking_twice_starts_one_run() -> None:
    run, nested = _parked(make_nest(INNER, OUTER), n=3)

    _step_once(run)

    assert run.status == Status.WAITING
    assert models.Run.objects.get(parent=run) == nested


@pytest.mark.parametrize("ending", ["succeeded", "failed", "cancelled", "quarantined"])
def test_however_a_nested_run_ends_the_one_above_goes_on(ending: str) -> None:
    run, nested = _parked(make_nest(INNER, OUTER), n=3)

    _end(nested, ending)

    run.refresh_from_db()
    assert run.status == Status.QUEUED
    assert run.due_at is not None
    _step_once(run)
    assert run.status == (Status.SUCCEEDED if ending == "succeeded" else Status.FAILED)
    assert run.error_code == ("" if ending == "succeeded" else f"nested_{ending}")


def _end(run: models.Run, status: str) -> None:
    if status == "succeeded":
        return _step_once(run)
    if status == "cancelled":
        runs.cancel(run=run, by=SYSTEM)
        return None
    claimed = claiming.claim_one(run.pk, worker="other")
    assert claimed is not None
    if status == "failed":
        return end_execution(claimed, Outcome(status="failed"))
    claimed.crashes = claiming.LAST_CRASH - 1
    models.Run.objects.filter(pk=run.pk).update(crashes=claimed.crashes)
    claiming.crashed(claimed, evidence="gone", now=timezone.now())
    return None


def test_run_that_a_person_has_cancelled_is_not_started_again_by_retries_further_up() -> None:
    middle = made_of("middle", calling("inner", input={"n": 1}))
    integration = make_nest(INNER, middle, made_of("above", calling("middle", retries=5)))
    above, below = _parked(integration, "above")
    _step_once(below)

    runs.cancel(run=models.Run.objects.get(parent=below), by=SYSTEM)
    below.refresh_from_db()
    _step_once(below)
    above.refresh_from_db()
    _step_once(above)

    assert (above.status, above.error_code) == (Status.FAILED, "nested_cancelled")
    assert models.Run.objects.count() == 3


def test_failure_deep_down_is_told_with_its_path_once() -> None:
    middle = made_of("middle", calling("failing"))
    integration = make_nest(made_of("failing", BAD), middle, made_of("above", calling("middle")))

    above = runs.execute(start(integration, "above"))

    lowest = models.Run.objects.get(depth=2)
    because = 'seconds: $Input{gone}: $Input has no key "gone"; it is empty'
    assert above.error_place == "main/middle"
    assert above.error_message == f'main/failing: feature "failing" failed at main/bad: {because} (run {lowest.pk})'


def test_nested_run_that_ends_before_the_one_above_is_parked_wakes_it_all_the_same() -> None:
    run, nested = _parked(make_nest(INNER, OUTER), n=3)
    held = claiming.claim_one(run.pk, worker="tester")
    assert held is not None

    _step_once(nested)
    run.refresh_from_db()
    assert run.status == Status.RUNNING

    end_execution(held, Outcome(status="waiting"))
    run.refresh_from_db()
    assert run.status == Status.QUEUED


def test_cancelling_a_run_cancels_what_it_has_started_all_the_way_down() -> None:
    integration = make_nest(INNER, OUTER, made_of("outermost", calling("outer", input={"n": 1})))
    run, below = _parked(integration, "outermost")
    _step_once(below)
    lowest = models.Run.objects.get(parent=below)
    assert claiming.claim_one(lowest.pk, worker="other") is not None

    runs.cancel(run=run, by=SYSTEM)

    assert _statuses(run, below, lowest) == ["cancelled", "cancelled", "running"]
    assert claiming.stop_requests([lowest.pk]) == {lowest.pk: None}


def test_run_that_fails_cancels_what_it_has_started() -> None:
    run, nested = _parked(make_nest(INNER, OUTER), n=3)
    held = claiming.claim_one(run.pk, worker="tester")
    assert held is not None

    end_execution(held, Outcome(status="failed"))

    assert _statuses(run, nested) == ["failed", "cancelled"]


def test_run_that_is_cancelled_on_its_way_to_being_parked_ends() -> None:
    run, nested = _parked(make_nest(INNER, OUTER), n=3)
    held = claiming.claim_one(run.pk, worker="tester")
    assert held is not None

    runs.cancel(run=run, by=SYSTEM)
    end_execution(held, Outcome(status="waiting"))

    assert _statuses(run, nested) == ["cancelled", "cancelled"]


def test_timeout_of_the_run_above_lets_the_nested_run_fail() -> None:
    integration = make_nest(INNER, {**OUTER, "timeout": 60})
    run, nested = _parked(integration, n=3)
    assert run.due_at == nested.created_at + dt.timedelta(seconds=60)

    models.Run.objects.filter(pk=nested.pk).update(created_at=nested.created_at - dt.timedelta(seconds=61))
    _step_once(run)
    _step_once(nested)
    _step_once(run)

    assert (run.status, run.error_code) == (Status.FAILED, "run_timeout")
    assert (nested.status, nested.error_code) == (Status.FAILED, "run_above_failed")


DONE = made_of("done", {**PAUSE, "name": "create", "rollback": PAUSE}, HOLD)


def _failing_beside(*nested: JsonObject) -> JsonObject:
    create = {**PAUSE, "name": "create", "rollback": PAUSE}
    return {
        "tag": "failing",
        "sequence": [
            {"sequence_tag": "main", "events": [create, *nested]},
            {"sequence_tag": "beside", "events": [{**PAUSE, "input": {"seconds": 0.3}}, BAD]},
        ],
        "output": None,
    }


def _undone(run: models.Run) -> list[str]:
    return list(run.steps.filter(role="rollback", status="succeeded").values_list("event", flat=True))


def test_run_that_fails_while_its_nested_run_waits_has_that_one_undone_first() -> None:
    integration = make_nest(DONE, _failing_beside(calling("done", rollback=PAUSE)))
    run = start(integration, "failing")
    _step_once(run)
    nested = models.Run.objects.get(parent=run)
    assert (run.status, run.error_code, _undone(run)) == (Status.WAITING, "unresolved", [])
    _step_once(nested)  # it has begun before it is told; here it is told first
    assert (nested.status, nested.error_code) == (Status.FAILED, "run_above_failed")
    run.refresh_from_db()
    assert run.status == Status.QUEUED

    _step_once(run)

    assert (run.status, run.error_code, _undone(run)) == (Status.FAILED, "unresolved", ["create"])
    assert models.FailureGroup.objects.count() == 1


def test_nested_run_that_is_parked_undoes_what_it_has_done_when_the_run_above_fails() -> None:
    integration = make_nest(DONE, made_of("failing", calling("done", timeout=900)))
    run, nested = _parked(integration, "failing")
    _step_once(nested)
    assert nested.status == Status.WAITING
    failure = RunError(code="run_above_failed", message="the run above failed: no")

    assert run_tree.fail_nested(run.pk, failure, now=timezone.now())

    nested.refresh_from_db()
    assert (nested.status, nested.error_message) == (Status.QUEUED, "the run above failed: no")
    _step_once(nested)
    assert (nested.status, _undone(nested)) == (Status.FAILED, ["create"])
    assert not run_tree.fail_nested(run.pk, failure, now=timezone.now())


def test_nested_run_that_is_executed_is_told_that_the_run_above_has_failed() -> None:
    long: JsonObject = {**PAUSE, "name": "long", "input": {"seconds": 1}, "rollback": PAUSE}
    integration = make_nest(made_of("slow", long, {**PAUSE, "name": "late"}), made_of("failing", calling("slow")))
    run, nested = _parked(integration, "failing")
    driver = Driver(event_loop=event_loop.shared(), worker="tester")
    driver.start([claimed for claimed in [claiming.claim_one(nested.pk, worker="tester")] if claimed])
    event_loop.shared().submit(asyncio.sleep(0.1)).result()  # by then `long` has begun

    assert run_tree.fail_nested(run.pk, RunError(code="run_above_failed", message="no"), now=timezone.now())
    driver.stop(claiming.stop_requests(driver.leases))
    while driver.leases:
        driver.store_pending(timeout_seconds=1)

    nested.refresh_from_db()
    assert (nested.status, nested.error_code, _undone(nested)) == (Status.FAILED, "run_above_failed", ["long"])
    assert not nested.steps.filter(event="late").exists()


def test_nested_run_that_is_undone_already_goes_by_its_own_failure() -> None:
    undone = made_of("done", {**PAUSE, "rollback": HOLD}, BAD)
    run, nested = _parked(make_nest(undone, made_of("failing", calling("done"))), "failing")
    _step_once(nested)

    assert run_tree.fail_nested(run.pk, RunError(code="run_above_failed", message="no"), now=timezone.now())

    nested.refresh_from_db()
    assert (nested.status, nested.error_code) == (Status.WAITING, "unresolved")


def test_cancelling_a_run_that_waits_for_its_nested_run_to_be_undone_ends_both() -> None:
    undone = made_of("done", {**PAUSE, "rollback": HOLD}, HOLD)
    run, nested = _parked(make_nest(undone, made_of("failing", calling("done"))), "failing")
    _step_once(nested)
    models.Run.objects.fail(run.pk, code="unresolved", message="no", place="beside/bad")
    assert run_tree.fail_nested(run.pk, RunError(code="run_above_failed", message="no"), now=timezone.now())
    _step_once(nested)
    assert _statuses(run, nested) == ["waiting", "waiting"]

    runs.cancel(run=run, by=SYSTEM)

    assert _statuses(run, nested) == ["cancelled", "cancelled"]
    assert (run.error_code, nested.error_code) == ("unresolved", "run_above_failed")


def test_run_that_has_ended_is_not_cancelled() -> None:
    run = runs.execute(start(make_nest(INNER), "inner", n=1))

    assert not run_tree.cancel(run.pk, now=timezone.now())
    assert _statuses(run) == ["succeeded"]


def _statuses(*rows: models.Run) -> list[str]:
    for row in rows:
        row.refresh_from_db()
    return [row.status for row in rows]


def test_nested_feature_that_was_deleted_runs_on_from_the_release() -> None:
    integration = make_nest(INNER, OUTER)
    run = start(integration, "outer", n=3)
    outer: JsonObject = {"sequence": made_of("outer", PAUSE)["sequence"], "output": None}
    features.update(integration=integration, tag="outer", changes=outer, by=SYSTEM, publish=True)
    features.delete(row=features.fetch(integration=integration, tag="inner", by=SYSTEM), by=SYSTEM)

    assert runs.execute(run).output == [3, 3]
    nested = models.Run.objects.get(parent=run)
    assert (nested.feature, nested.feature_version) == (None, None)


@pytest.mark.django_db(transaction=True)
def test_cancelling_a_run_while_its_nested_one_ends_keeps_neither_waiting_for_the_other() -> None:
    run, nested = _parked(make_nest(INNER, OUTER), n=3)
    held = claiming.claim_one(nested.pk, worker="other")
    assert held is not None
    is_locked = threading.Event()

    def end_nested() -> None:
        with closing(connection), transaction.atomic():
            assert claiming.lost_leases({held.pk: held.fence}, related=[run.pk]) == set()
            is_locked.set()
            time.sleep(0.2)  # the cancel has come by now
            end_execution(held, Outcome(status="succeeded"))

    with ThreadPoolExecutor() as pool:
        ending = pool.submit(end_nested)
        is_locked.wait(timeout=5)
        runs.cancel(run=run, by=SYSTEM)
        ending.result()

    run.refresh_from_db()
    nested.refresh_from_db()
    assert (run.status, nested.status) == (Status.CANCELLED, Status.SUCCEEDED)
