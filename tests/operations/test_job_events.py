"""Jobs that real runs start as events."""

from __future__ import annotations

from typing import Any, cast

import pytest

from integrations import models
from integrations.operations import _claiming, jobs, runs
from integrations.operations._job_events import Jobs
from integrations.operations.actors import SYSTEM
from tests.fakes.teller import TellerAtOnce, finished
from tests.operations.nesting import PAUSE, made_of, make_nest, start
from tests.operations.scene import put

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

    again = finished(Jobs(run, cast("Any", TellerAtOnce())).start("main/nightly", job="nightly", input={"n": 4}))

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
    assert _claiming.claim_one(started.pk, worker="other") is None
