from __future__ import annotations

from typing import Any

from integrations.engine.nested import MAX_DEPTH
from integrations.engine.records import Outcome
from tests.engine.harness import Harness, release, sequence


def _job(**more: Any) -> dict[str, Any]:
    return {"type": "job", "event": "nightly", **more}


def test_job_event_starts_the_job_and_goes_on() -> None:
    harness = Harness()
    released = release(
        sequence("main", _job(input={"day": "$Input{day}"})), output={"run": "$Sequence{main}{nightly}{run_id}"}
    )

    outcome = harness.run(released, {"day": "Monday"})

    assert outcome == Outcome(status="succeeded", output={"run": "run main/nightly"})
    assert harness.jobs.started == {"main/nightly": ("nightly", {"day": "Monday"})}
    [record] = harness.records("nightly")
    assert (record.output, record.reason) == ({"run_id": "run main/nightly"}, "started run run main/nightly")


def test_secret_is_not_passed_to_where_it_would_be_stored() -> None:
    harness = Harness(secrets={"key": "hush-hush"})

    outcome = harness.run(release(sequence("main", _job(input={"key": "$Secret{key}"}))))

    assert outcome.error is not None
    assert outcome.error.code == "secret_input"
    assert harness.jobs.started == {}


def test_jobs_that_start_each_other_come_to_an_end() -> None:
    harness = Harness(depth=MAX_DEPTH)

    outcome = harness.run(release(sequence("main", _job())))

    assert outcome.error is not None
    assert outcome.error.code == "too_deep"
