"""Jobs that real runs start as events."""

from __future__ import annotations

from typing import Any, cast

import pytest
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import jobs, runs
from integrations.runtime.execution.ports.jobs import Jobs
from integrations.runtime.queue import claiming
from tests.fakes.recorder import RecorderAtOnce, finished
from tests.scenes.nesting import PAUSE, made_of, make_nest, start
from tests.scenes.scene import put

pytestmark = pytest.mark.django_db(transaction=True)

INNER = made_of("inner", PAUSE, input={"n": "number"})
OUTER = made_of("outer", {"type": "job", "event": "nightly", "input": {"n": 3}}, output="$Sequence{main}{nightly}")


def make_home(**job: Any) -> models.Integration:
    home = make_nest(INNER)
    put(home, "jobs", **{"tag": "nightly", "target": {"event": "inner"}, "input": {"n": 1}, **job})
    put(home, "features", publish=True, **OUTER)
    return home


def test_event_starts_a_run_of_the_job_that_nothing_waits_for() -> None:
    home = make_home()

    run = runs.execute(start(home, "outer"))

    started = models.Run.objects.get(job__tag="nightly")
    assert (run.status, run.output) == ("succeeded", {"run_id": str(started.pk)})
    assert (started.starter, started.starter_step, started.depth, started.parent) == (run, "main/nightly", 1, None)
    assert (started.input, started.nominal_at, started.status) == ({"n": 3}, None, "queued")


def test_event_that_is_executed_again_starts_nothing_again() -> None:
    home = make_home()
    run = runs.execute(start(home, "outer"))
    started = models.Run.objects.get(job__tag="nightly")

    again = finished(Jobs(run, cast("Any", RecorderAtOnce())).start("main/nightly", job="nightly", input={"n": 4}))

    assert again == str(started.pk)


def test_event_whose_job_refuses_its_input_fails_with_the_reason() -> None:
    home = make_home()
    job = jobs.fetch(integration=home, tag="nightly", by=SYSTEM)
    models.Job.objects.filter(pk=job.pk).update(target={"event": "gone"})

    run = runs.execute(start(home, "outer"))

    assert (run.status, run.error_code) == ("failed", "job_not_started")
    assert 'there is no feature "gone"' in run.error_message


def test_job_of_a_job_runs_to_the_end() -> None:
    home = make_home()
    put(home, "jobs", tag="outer_job", env="dev", target={"type": "job", "event": "nightly"})
    job = jobs.fetch(integration=home, tag="outer_job", by=SYSTEM)

    run = runs.execute(jobs.run(job=job, by=SYSTEM, trigger=models.Run.Trigger.ADMIN))
    started = models.Run.objects.get(job__tag="nightly")

    assert run.output == {"run_id": str(started.pk)}
    assert runs.execute(started).status == "succeeded"
    assert claiming.claim_one(started.pk, worker="other") is None


def broken(**fields: Any) -> dict[str, Any]:
    """Return an event that fails: its job's target is gone by the time that it runs."""
    return {"type": "job", "event": "broken", **fields}


def nightly(**fields: Any) -> dict[str, Any]:
    return {"type": "job", "event": "nightly", **fields}


def executed(*events: dict[str, Any], **fields: Any) -> models.Run:
    """Return how a run of these events has ended, in an integration with the jobs `nightly` and `broken`."""
    home = make_nest(INNER)
    for tag in ("nightly", "broken"):
        put(home, "jobs", tag=tag, target={"event": "inner"}, input={"n": 1})
    put(home, "features", publish=True, **made_of("outer", *events, **fields))
    models.Job.objects.filter(tag="broken").update(target={"event": "gone"})
    return runs.execute(start(home, "outer"))


def started_by(run: models.Run) -> list[tuple[str, Any]]:
    """Return which steps started a run, with its input."""
    return list(run.started_runs.order_by("pk").values_list("starter_step", "input"))


def test_fallback_starts_its_job_and_its_result_stands_for_the_events() -> None:
    run = executed(broken(fallback=nightly(input={"n": 3})), output="$Sequence{main}{broken}")

    started = models.Run.objects.get(job__tag="nightly")
    assert (run.status, run.output) == ("succeeded", {"run_id": str(started.pk)})
    assert started_by(run) == [("main/broken fallback", {"n": 3})]
    assert [(step.role, step.status) for step in run.steps.order_by("started_at")] == [
        ("event", "failed"),
        ("fallback", "succeeded"),
    ]
    assert runs.execute(started).status == "succeeded"


def test_fallback_whose_job_refuses_fails_with_its_own_reason() -> None:
    run = executed(nightly(input={"n": "many"}, fallback=broken()))

    assert (run.status, run.error_code) == ("failed", "job_not_started")
    assert 'there is no feature "gone"' in run.error_message
    assert started_by(run) == []


def test_rollback_starts_its_job_once_with_what_the_event_had_done() -> None:
    undo = nightly(input={"n": 7})
    run = executed(nightly(input={"n": 3}, rollback=undo), broken())

    assert (run.status, run.error_place) == ("failed", "main/broken")
    assert started_by(run) == [("main/nightly", {"n": 3}), ("main/nightly rollback", {"n": 7})]
    [step] = run.steps.filter(role="rollback")
    undone = run.started_runs.get(starter_step="main/nightly rollback")
    assert (step.status, step.output) == ("succeeded", {"run_id": str(undone.pk)})
    assert runs.execute(undone).status == "succeeded"


def test_rollback_whose_job_refuses_is_told_of_in_the_runs_error() -> None:
    run = executed(nightly(input={"n": 3}, rollback=broken()), broken())

    assert run.status == "failed"
    assert "; rollbacks that failed: main/nightly: there is no feature" in run.error_message
    assert [step for step, _ in started_by(run)] == ["main/nightly"]


def test_rollback_that_falls_back_to_a_job_starts_that() -> None:
    undo = broken(fallback=nightly(input={"n": 9}))
    run = executed(nightly(input={"n": 3}, rollback=undo), broken())

    assert "rollbacks that failed" not in run.error_message
    assert [values for _, values in started_by(run)] == [{"n": 3}, {"n": 9}]


def test_run_that_is_executed_again_while_it_rolls_back_starts_no_job_again() -> None:
    run = executed(nightly(input={"n": 3}, rollback=nightly(input={"n": 7})), broken())
    before = started_by(run)
    # As after a crash: the job was started, and the step that says so was not stored.
    run.steps.filter(role="rollback").delete()
    models.Run.objects.filter(pk=run.pk).update(
        status="queued", due_at=timezone.now(), finished_at=None, error_code="", error_message="", error_place=""
    )
    run.refresh_from_db()

    again = runs.execute(run)

    assert (again.status, started_by(again)) == ("failed", before)
    assert [step.status for step in run.steps.filter(role="rollback")] == ["succeeded"]
