from __future__ import annotations

import datetime as dt

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.builder import Ductape
from integrations.builder.integration import IntegrationBuilder
from integrations.errors import InvalidInput, OperationRefused, PermissionRefused
from integrations.operations import dispatch, runs
from integrations.runtime.db import clock
from integrations.runtime.schedules import firing
from tests.scenes.nesting import PAUSE, made_of, make_nest
from tests.scenes.scene import everything_but, person
from tests.scenes.scheduling import HOUR, START, Hands, end, hands

__all__ = ["hands"]

pytestmark = pytest.mark.django_db(transaction=True)

TICK = made_of("tick", PAUSE, input={"n": "number"}, output={"n": "$Input{n}"})


@pytest.fixture
def clockwork() -> IntegrationBuilder:
    home = make_nest(TICK)
    builder = Ductape(user=person(*everything_but(), member_of=home)).get_integration_builder(home.tag)
    builder.create_job(tag="tick", env="dev", input={"n": 1}, schedule={"every": 3600})
    return builder


def test_run_job_takes_its_own_input_or_another(clockwork: IntegrationBuilder) -> None:
    assert clockwork.run_job("tick").output == {"n": 1}
    assert clockwork.run_job("tick", input={"n": 2}).output == {"n": 2}

    assert [result.output for result in clockwork.job_history("tick")] == [{"n": 2}, {"n": 1}]


def test_run_job_refuses_an_input_that_its_target_does_not_take(clockwork: IntegrationBuilder) -> None:
    with pytest.raises(InvalidInput, match="input/n"):
        clockwork.run_job("tick", input={"n": "many"})


def test_run_job_while_dispatch_is_paused_returns_at_once_with_a_queued_run(
    clockwork: IntegrationBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "execute", lambda *_, **__: pytest.fail("it waits"))
    dispatch.pause(reason="restored", by=SYSTEM)

    result = clockwork.run_job("tick")

    dispatch.resume(by=SYSTEM)
    assert result.status == "queued"


def test_run_jobs_runs_what_is_due_and_not_paused(clockwork: IntegrationBuilder) -> None:
    clockwork.create_job(tag="paused", env="dev", target={"event": "tick"}, input={"n": 1}, paused=True)
    assert clockwork.run_jobs() == []
    _put_back(HOUR)

    (result,) = clockwork.run_jobs()

    assert (result.status, result.output) == ("succeeded", {"n": 1})


def test_run_jobs_makes_up_for_all_that_was_missed_and_leaves_nothing_waiting(clockwork: IntegrationBuilder) -> None:
    clockwork.update_job("tick", schedule={"every": 600}, missed="run_all", overlap="queue")
    job = _put_back(HOUR)

    results = clockwork.run_jobs()

    slots = models.Slot.objects.filter(job=job).order_by("nominal_at")
    assert [slot.status for slot in slots] == ["started"] * 6
    assert [result.process_id for result in results] == [str(slot.run_id) for slot in slots]
    assert {result.status for result in results} == {"succeeded"}
    assert clockwork.run_jobs() == []


def test_run_jobs_goes_on_behind_times_that_cannot_start(clockwork: IntegrationBuilder) -> None:
    clockwork.update_job("tick", schedule={"every": 600}, missed="run_all")
    job = _put_back(HOUR)
    firing.fire_due(now=clock.now())
    clockwork.run_jobs()
    models.Slot.objects.filter(job=job).update(status="queued", run=None)
    models.Job.objects.filter(pk=job.pk).update(input={})

    assert clockwork.run_jobs() == []

    assert set(models.Slot.objects.filter(job=job).values_list("status", flat=True)) == {"refused"}


def test_run_jobs_executes_a_retry_that_is_due(clockwork: IntegrationBuilder) -> None:
    clockwork.update_job("tick", retries=1)
    _put_back(HOUR)
    firing.fire_due(now=clock.now())
    end(models.Run.objects.get(), "failed")
    models.Run.objects.filter(job_attempt=2).update(due_at=clock.now())

    (result,) = clockwork.run_jobs()

    assert result.status == "succeeded"
    assert models.Run.objects.get(pk=result.process_id).job_attempt == 2


def test_run_jobs_fires_a_job_that_no_operation_has_saved(clockwork: IntegrationBuilder) -> None:
    models.Job.objects.update(next_at=None, scheduled_at=None)

    assert clockwork.run_jobs() == []

    assert models.Job.objects.get().next_at is not None


def _put_back(by: dt.timedelta) -> models.Job:
    """Return the job as if it had been created earlier, and nobody had fired it since."""
    job = models.Job.objects.get(tag="tick")
    assert job.next_at is not None
    models.Job.objects.filter(pk=job.pk).update(created_at=job.created_at - by, next_at=job.next_at - by)
    return job


def test_pause_and_resume_one_or_all(clockwork: IntegrationBuilder) -> None:
    clockwork.create_job(tag="other", env="dev", target={"event": "tick"}, input={"n": 1})

    assert clockwork.pause_job("tick").paused
    assert clockwork.pause_jobs(reason="Inventory") == 1
    assert not clockwork.resume_job("tick").paused
    assert clockwork.resume_jobs() == 1
    assert models.AuditRecord.objects.filter(action="pause", reason="Inventory", tag="other").exists()


def test_reschedule_job_gives_it_other_times(hands: Hands, clockwork: IntegrationBuilder) -> None:
    job = clockwork.reschedule_job("tick", schedule={"cron": "0 * * * *"})

    assert job.schedule is not None
    assert job.schedule.cron == "0 * * * *"
    [first, *_] = clockwork.job_ledger("tick", since=START, until=START + 2 * HOUR)
    assert (first.nominal_at, first.outcome) == (START + HOUR, "coming")


def test_freeze_env_holds_its_jobs_until_it_is_unfrozen(clockwork: IntegrationBuilder) -> None:
    clockwork.freeze_env("dev", reason="Upgrade")
    assert models.Job.objects.get(tag="tick").next_at is None
    with pytest.raises(OperationRefused, match="frozen already"):
        clockwork.freeze_env("dev")

    clockwork.unfreeze_env("dev")

    assert models.Job.objects.get(tag="tick").next_at is not None
    with pytest.raises(OperationRefused, match="is not frozen"):
        clockwork.unfreeze_env("dev")


@pytest.mark.parametrize(
    ("codename", "call"),
    [
        ("run_job", lambda builder: builder.run_job("tick")),
        ("run_job", lambda builder: builder.run_jobs()),
        ("pause_job", lambda builder: builder.pause_job("tick")),
        ("pause_job", lambda builder: builder.resume_jobs()),
        ("change_job", lambda builder: builder.reschedule_job("tick", schedule=None)),
        ("freeze_environment", lambda builder: builder.freeze_env("dev")),
        ("freeze_environment", lambda builder: builder.unfreeze_env("dev")),
        ("view_run", lambda builder: builder.job_history("tick")),
        ("view_slot", lambda builder: builder.job_ledger("tick", since=START, until=START)),
    ],
)
def test_each_needs_its_permission(codename: str, call: object, clockwork: IntegrationBuilder) -> None:
    home = models.Integration.objects.get()
    refused = Ductape(user=person(*everything_but(codename), member_of=home)).get_integration_builder(home.tag)

    with pytest.raises(PermissionRefused, match=codename):
        call(refused)  # type: ignore[operator]  # one of the above
