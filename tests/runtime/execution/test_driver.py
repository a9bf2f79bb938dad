from __future__ import annotations

from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.engine.records import StepKey, StepRecord
from integrations.operations import runs
from integrations.runtime.execution import context, event_loop
from integrations.runtime.execution.driver import Driver
from integrations.runtime.execution.recorder import Step
from integrations.runtime.queue import claiming
from integrations.types import JsonObject
from tests.factories.run import NOON
from tests.scenes.nesting import PAUSE, made_of, make_nest, start

pytestmark = pytest.mark.django_db

Status = models.Run.Status
LONG: JsonObject = {**PAUSE, "event": "hold", "input": {"seconds": 1.5}}


@pytest.fixture
def driver() -> Driver:
    return Driver(event_loop=event_loop.shared(), worker="tester")


@pytest.fixture
def nest() -> models.Integration:
    return make_nest(made_of("quick", PAUSE), made_of("long", PAUSE, LONG))


def begin(driver: Driver, *started: models.Run) -> None:
    driver.start([run for each in started if (run := claiming.claim_one(each.pk, worker="tester"))])


def drive(driver: Driver) -> None:
    while driver.leases:
        driver.store_pending(timeout_seconds=1)


def impossible_step(run_id: object) -> Step:
    """Return a step that the database refuses."""
    record = StepRecord(
        key=StepKey(sequence="main", event="pause"),
        attempt=0,
        type="wait",
        target="pause",
        status="running",
        started_at=NOON,
    )
    return Step(run_id, 1, record, None)  # type: ignore[arg-type]  # whatever a run's id is


@pytest.mark.django_db(transaction=True)
def test_what_the_database_refuses_is_a_crash_of_that_run_and_keeps_no_other_from_ending(
    driver: Driver, nest: models.Integration
) -> None:
    bad, good = start(nest, "long"), start(nest, "quick")
    begin(driver, bad, good)
    driver._messages.put(impossible_step(bad.pk))

    drive(driver)

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (good.status, bad.status, bad.crashes) == (Status.SUCCEEDED, Status.QUEUED, 1)
    assert "the database refused" in bad.evidence[0]["what"]


def test_run_that_a_fault_keeps_from_being_opened_crashes_and_the_others_begin(
    driver: Driver, nest: models.Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = start(nest, "long"), start(nest, "quick")
    open_for = context.open_for

    def open_good(run: models.Run, *rest: Any) -> Any:
        if run.pk == bad.pk:
            raise KeyError("a fault of the console")
        return open_for(run, *rest)

    monkeypatch.setattr(context, "open_for", open_good)

    begin(driver, bad, good)
    drive(driver)

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (good.status, bad.status, bad.crashes) == (Status.SUCCEEDED, Status.QUEUED, 1)
    assert "KeyError" in bad.evidence[0]["what"]


def test_run_that_was_to_be_cancelled_when_it_was_claimed_does_nothing_more(
    driver: Driver, nest: models.Integration
) -> None:
    run = start(nest, "quick")
    models.Run.objects.update(cancel_requested_at=NOON)

    begin(driver, run)
    drive(driver)

    run.refresh_from_db()
    assert (run.status, run.steps.filter(status="succeeded").count()) == (Status.CANCELLED, 0)


@pytest.mark.parametrize("lose", ["hand_back", "crashed", "stray"])
def test_cancel_of_a_run_holds_when_its_worker_lets_go_of_it(nest: models.Integration, lose: str) -> None:
    run = start(nest, "quick")
    held = claiming.claim_one(run.pk, worker="tester")
    assert held is not None
    runs.cancel(run=run, by=SYSTEM)

    match lose:
        case "hand_back":
            claiming.hand_back([run.pk], worker="tester")
        case "crashed":
            claiming.crashed(held, evidence="gone", now=NOON)
        case "stray":
            assert claiming.renew({}, worker="tester") == set()

    run.refresh_from_db()
    assert run.status == Status.CANCELLED


def test_renew_puts_back_what_a_lost_connection_kept_from_being_begun(nest: models.Integration) -> None:
    run, held = start(nest, "quick"), start(nest, "quick")
    for each in (run, held):
        assert claiming.claim_one(each.pk, worker="tester") is not None

    assert claiming.renew({held.pk: 1}, worker="tester") == set()

    run.refresh_from_db()
    held.refresh_from_db()
    assert (run.status, run.crashes, held.status) == (Status.QUEUED, 0, Status.RUNNING)


def test_sweep_takes_back_all_that_lapsed_however_many(
    nest: models.Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "_SWEPT_TOGETHER", 2)
    lapsed = [start(nest, "quick") for _ in range(3)]
    models.Run.objects.claim([run.pk for run in lapsed], worker="gone", lease_until=NOON, now=NOON)

    claiming.sweep()

    assert set(models.Run.objects.values_list("status", "crashes")) == {(Status.QUEUED, 1)}


def test_run_executed_in_the_callers_process_is_cancelled_within_a_second(nest: models.Integration) -> None:
    run = start(nest, "long")

    def cancel(_: StepRecord) -> None:
        runs.cancel(run=run, by=SYSTEM)

    ended = runs.execute(run, on_step=cancel)

    assert ended.status == Status.CANCELLED
