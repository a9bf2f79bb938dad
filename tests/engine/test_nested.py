from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from integrations.connectors.base import ActionCall
from integrations.connectors.http.errors import HttpStatusError
from integrations.definitions.release import Release
from integrations.engine.context import RunAbove
from integrations.engine.executor import execute
from integrations.engine.nested import MAX_DEPTH
from integrations.engine.records import Outcome, RunError
from tests.engine.harness import Harness, action, release, sequence
from tests.fakes.clock import START, run

_FIELDS = {
    "inner": {"input": [{"key": "n", "type": "number"}, {"key": "unit", "type": "string", "defaultValue": "kg"}]}
}


def _nested(**more: Any) -> dict[str, Any]:
    return {"type": "feature", "event": "inner", **more}


def test_nested_feature_is_a_run_that_the_run_is_parked_for() -> None:
    harness = Harness()
    released = release(
        sequence("main", _nested(input={"n": "$Input{n}"})), output={"got": "$Sequence{main}{inner}{sum}"}
    )

    outcome = harness.run(released, {"n": 3})

    assert outcome == Outcome(status="waiting", due_at=None)
    assert harness.nested_runs.features == {"main/inner": "inner"}
    assert harness.nested_runs.runs["main/inner"].input == {"n": 3}
    [record] = harness.records("inner")
    assert (record.status, record.due_at, record.reason) == ("waiting", None, "waits for run run main/inner")

    harness.clock.advance(60)
    harness.nested_runs.end("main/inner", "succeeded", output={"sum": 4})
    outcome = harness.resume(released)  # its own input is not asked for again

    assert outcome == Outcome(status="succeeded", output={"got": 4})
    record = harness.records("inner")[-1]
    assert (record.input, record.output, record.reason) == ({"n": 3}, {"sum": 4}, "ran as run run main/inner")
    assert (record.started_at, record.finished_at) == (START, START + dt.timedelta(seconds=60))


def test_run_woken_for_something_else_parks_again_without_another_nested_run() -> None:
    harness = Harness()
    released = release(sequence("main", _nested()))
    harness.run(released)

    assert harness.resume(released).status == "waiting"
    assert list(harness.nested_runs.runs) == ["main/inner"]


def test_input_is_held_against_the_fields_of_the_nested_feature() -> None:
    harness = Harness()
    good, bad = _nested(name="good", input={"n": 1}), _nested(name="bad", input={"n": "$Input{x}"}, allow_fail=True)

    harness.run(release(sequence("main", bad, good), features=_FIELDS), {"x": "many"})

    assert {place: run.input for place, run in harness.nested_runs.runs.items()} == {
        "main/good": {"n": 1, "unit": "kg"}
    }
    [record] = harness.records("bad")
    assert record.error is not None
    assert (record.error.code, record.error.message) == ("bad_input", "input/n: should be a whole number of 64 bits")


def test_secret_is_not_passed_to_where_it_would_be_stored() -> None:
    harness = Harness(secrets={"key": "hush-hush"})

    outcome = harness.run(release(sequence("main", _nested(input={"n": "$Secret{key}"}))))

    assert outcome.error is not None
    assert outcome.error.code == "secret_input"
    assert harness.nested_runs.runs == {}


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("failed", 'feature "inner" failed: no stock (run run main/inner)'),
        ("cancelled", 'feature "inner" was cancelled: no stock (run run main/inner)'),
        ("quarantined", 'feature "inner" was quarantined: no stock (run run main/inner)'),
    ],
)
def test_nested_run_that_does_not_succeed_fails_its_event(status: str, message: str) -> None:
    harness = Harness()
    released = release(sequence("main", _nested()))
    harness.run(released)

    harness.nested_runs.end("main/inner", status, error="no stock")

    error = RunError(code=f"nested_{status}", message=message, place="main/inner")
    assert harness.resume(released) == Outcome(status="failed", error=error)


def test_retry_is_another_run() -> None:
    harness = Harness()
    released = release(sequence("main", _nested(retries=1, retry={"delay": 1})), output="$Sequence{main}{inner}")
    harness.run(released)
    harness.nested_runs.end("main/inner", "failed", error="busy")

    assert harness.resume(released).status == "waiting"
    harness.nested_runs.end("main/inner#2", "succeeded", output="done")

    assert harness.resume(released).output == "done"
    assert [(record.attempt, record.status) for record in harness.records("inner")] == [
        (1, "waiting"),
        (1, "failed"),
        (2, "waiting"),
        (2, "succeeded"),
    ]


def test_cancelled_nested_run_is_not_tried_again() -> None:
    harness = Harness()
    released = release(sequence("main", _nested(retries=3)))
    harness.run(released)
    harness.nested_runs.end("main/inner", "cancelled")

    assert harness.resume(released).status == "failed"


@pytest.mark.parametrize("ended", ["cancelled", "quarantined"])
def test_run_that_a_person_has_ended_further_down_is_not_tried_again(ended: str) -> None:
    harness = Harness()
    released = release(sequence("main", _nested(retries=5)))
    harness.run(released)
    below = RunError(code=f"nested_{ended}", message=f'feature "child" was {ended} (run 9)', place="main/child")
    harness.nested_runs.end("main/inner", "failed", error=below)

    outcome = harness.resume(released)

    message = f'main/child: feature "child" was {ended} (run 9)'
    assert outcome.error == RunError(code=f"nested_{ended}", message=message, place="main/inner")
    assert list(harness.nested_runs.runs) == ["main/inner"]


def test_failure_further_down_is_tried_again_and_tells_its_path_once() -> None:
    harness = Harness()
    released = release(sequence("main", _nested(retries=1)))
    harness.run(released)
    message = 'feature "child" failed at main/pay: the card was refused (run 9)'
    below = RunError(code="nested_failed", message=message, place="main/child")

    harness.nested_runs.end("main/inner", "failed", error=below)
    assert harness.resume(released).status == "waiting"
    harness.nested_runs.end("main/inner#2", "failed", error=below)
    outcome = harness.resume(released)

    assert outcome.error == RunError(code="nested_failed", message=f"main/child: {message}", place="main/inner")


def test_fallback_may_be_a_nested_run_too() -> None:
    harness = Harness()
    released = release(sequence("main", _nested(fallback=_nested())), output="$Sequence{main}{inner}")
    harness.run(released)
    harness.nested_runs.end("main/inner", "failed")
    harness.resume(released)

    harness.nested_runs.end("main/inner fallback", "succeeded", output=7)

    assert harness.resume(released).output == 7


def test_nested_run_that_may_fail_lets_the_run_go_on() -> None:
    harness = Harness()
    harness.answer("next", 1)
    released = release(sequence("main", _nested(allow_fail=True), action("next")))
    harness.run(released)
    harness.nested_runs.end("main/inner", "failed")

    assert harness.resume(released).status == "succeeded"
    assert harness.called() == ["next"]


def test_loop_runs_as_many_at_once_as_it_may() -> None:
    harness = Harness()
    each = {"type": "for_each", "subject": "$Input{items}", "parallel": 2}
    released = release(sequence("main", _nested(condition=each, input={"n": "$Item"})), output="$Sequence{main}{inner}")
    value = {"items": [1, 2, 3, 4, 5]}

    outcome = harness.run(released, value)
    started = [len(harness.nested_runs.runs)]
    while outcome.status == "waiting":
        harness.nested_runs.end_all(output="done")
        outcome = harness.run(released, value, checkpoints=harness.checkpoints())
        started.append(len(harness.nested_runs.runs))

    assert started == [2, 4, 5, 5]
    assert outcome.output == ["done"] * 5
    assert [run.input for run in harness.nested_runs.runs.values()] == [{"n": n} for n in value["items"]]
    assert list(harness.nested_runs.runs)[:2] == ["main/inner[0]", "main/inner[1]"]


def test_loop_in_order_runs_one_after_the_other() -> None:
    harness = Harness()
    each = {"type": "for_each", "subject": [1, 2]}
    released = release(sequence("main", _nested(condition=each)))

    harness.run(released)
    assert list(harness.nested_runs.runs) == ["main/inner[0]"]

    harness.nested_runs.end_all()
    harness.resume(released)
    assert list(harness.nested_runs.runs) == ["main/inner[0]", "main/inner[1]"]


def test_event_that_takes_longer_than_its_timeout_cancels_its_run() -> None:
    harness = Harness()
    released = release(sequence("main", _nested(timeout=30, allow_fail=True)))

    assert harness.run(released) == Outcome(status="waiting", due_at=START + dt.timedelta(seconds=30))

    harness.clock.advance(31)

    assert harness.resume(released).status == "succeeded"
    assert harness.nested_runs.runs["main/inner"].status == "cancelled"
    error = harness.records("inner")[-1].error
    assert error is not None
    assert (error.code, error.message) == ("timeout", "run run main/inner took longer than 30 s, so it was cancelled")


def test_timeout_of_the_run_ends_it_whatever_its_events_may() -> None:
    harness = Harness()
    harness.answer("instead", 1)
    event = _nested(timeout=90, allow_fail=True, fallback=action("instead"), retries=1)
    released = release(sequence("main", event), timeout=60)

    assert harness.run(released).due_at == START + dt.timedelta(seconds=60)
    harness.clock.advance(61)
    assert harness.resume(released) == Outcome(status="waiting", due_at=None)
    message = "the run above failed at main/inner: run run main/inner took longer than the 60 s of this one"
    assert harness.nested_runs.failing == {"main/inner": RunError(code="run_above_failed", message=message)}

    harness.clock.advance(600)  # it may take its time to undo what it has done
    assert harness.resume(released).status == "waiting"
    harness.nested_runs.end("main/inner", "failed", error=message)
    outcome = harness.resume(released)

    assert outcome.error is not None
    assert (outcome.status, outcome.error.code, outcome.error.place) == ("failed", "run_timeout", "main/inner")
    assert harness.called() == []


def _failing_beside(nested: dict[str, Any], **more: Any) -> tuple[Harness, Release]:
    """Return a feature that fails in one branch while another one, which has created something, waits for a run."""
    harness = Harness()
    for tag in ("create", "destroy", "revoke"):
        harness.answer(tag, None)

    async def bad(_: ActionCall) -> Any:
        await harness.clock.sleep(1)
        raise HttpStatusError("no", status=400)

    harness.answer("bad", bad)
    create = action("create", rollback=action("destroy"))
    return harness, release(sequence("main", create, nested), sequence("beside", action("bad")), **more)


def test_run_that_fails_lets_its_nested_run_fail_and_waits_for_it_before_it_undoes_anything() -> None:
    harness, released = _failing_beside(_nested(rollback=action("revoke"), fallback=action("create"), timeout=30))

    assert harness.run(released) == Outcome(status="waiting", due_at=None)
    message = "the run above failed at beside/bad: no"
    assert harness.nested_runs.failing == {"main/inner": RunError(code="run_above_failed", message=message)}
    harness.clock.advance(60)
    assert harness.resume(released) == Outcome(status="waiting", due_at=None)
    assert harness.nested_runs.runs["main/inner"].status == "queued"
    assert harness.records("inner")[-1].reason == "waits for run run main/inner to undo what it has done"
    assert harness.called() == ["create", "bad"]

    harness.nested_runs.end("main/inner", "failed", error=message)
    outcome = harness.resume(released)

    assert outcome == Outcome(status="failed", error=RunError(code="http_400", message="no", place="beside/bad"))
    assert harness.called() == ["create", "bad", "destroy"]
    assert harness.statuses("inner")[-1] == "failed"


def test_nested_run_that_has_succeeded_by_then_is_undone_by_the_rollback_of_its_event() -> None:
    harness, released = _failing_beside(_nested(rollback=action("revoke")))
    harness.run(released)

    harness.nested_runs.end("main/inner", "succeeded", output={"id": 7})

    assert harness.resume(released).status == "failed"
    assert harness.called() == ["create", "bad", "revoke", "destroy"]


def test_nested_run_that_succeeds_in_the_moment_in_which_the_run_fails_is_undone_too() -> None:
    harness, released = _failing_beside(_nested(rollback=action("revoke")))

    async def end_and_fail(_: ActionCall) -> Any:
        await harness.clock.sleep(1)
        harness.nested_runs.end("main/inner", "succeeded")
        raise HttpStatusError("no", status=400)

    harness.answer("bad", end_and_fail)

    assert harness.run(released).status == "waiting"
    assert harness.resume(released).status == "failed"
    assert harness.called() == ["create", "bad", "revoke", "destroy"]


def test_run_that_has_failed_starts_no_nested_run() -> None:
    harness, released = _failing_beside(_nested())
    harness.run(released)
    harness.nested_runs.runs.clear()  # as if its process had died before it was started

    assert harness.resume(released).status == "failed"
    assert harness.nested_runs.runs == {}


def test_run_that_undoes_something_by_a_nested_run_lets_that_one_work() -> None:
    harness, _ = _failing_beside(_nested())
    event = action("create", rollback=_nested())
    released = release(sequence("main", event, action("bad")))

    assert harness.run(released).status == "waiting"
    assert harness.resume(released).status == "waiting"
    assert harness.nested_runs.failing == {}

    harness.nested_runs.end("main/create rollback", "succeeded")
    assert harness.resume(released).status == "failed"


def test_run_whose_run_above_fails_finishes_what_is_in_flight_and_undoes_it() -> None:
    harness, _ = _failing_beside(_nested())
    above = RunAbove()
    failure = RunError(code="run_above_failed", message="the run above failed: no")

    async def create(_: ActionCall) -> Any:
        await harness.clock.sleep(1)
        above.failure = failure

    harness.answer("create", create)
    released = release(sequence("main", action("create", rollback=action("destroy")), action("bad")))
    context = dataclasses.replace(harness.context(released), above=above)

    outcome = run(execute(context), clock=harness.clock)

    assert outcome == Outcome(status="failed", error=failure)
    assert harness.called() == ["create", "destroy"]


def test_runs_nest_so_deep_and_no_deeper() -> None:
    released = release(sequence("main", _nested()))

    assert Harness(depth=MAX_DEPTH - 1).run(released).status == "waiting"
    outcome = Harness(depth=MAX_DEPTH).run(released)

    assert outcome.error is not None
    assert outcome.error.code == "too_deep"


def test_redacted_result_of_a_nested_run_is_not_acted_on() -> None:
    harness = Harness()
    harness.answer("next", 1)
    released = release(sequence("main", _nested(), action("next", input={"body": "$Sequence{main}{inner}"})))
    harness.run(released)
    harness.nested_runs.end("main/inner", "succeeded", output={"token": "[redacted]"})

    outcome = harness.resume(released)

    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.place) == ("redacted", "main/next")


def test_run_that_stores_no_event_results_still_knows_what_it_was_parked_for() -> None:
    harness = Harness()
    released = release(sequence("main", _nested()), store_event_results=False, output="$Sequence{main}{inner}")
    harness.run(released)
    harness.nested_runs.end("main/inner", "succeeded", output=1)

    assert harness.resume(released).output == 1
