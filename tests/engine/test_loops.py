from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from integrations.connectors.base import ActionCall
from integrations.connectors.http.errors import HttpStatusError
from integrations.engine.records import RunError
from tests.engine.harness import Harness, action, release, sequence
from tests.fakes.clock import START
from tests.fakes.connectors import after

_ITEM = {"body": {"item": "$Item", "index": "$Index"}}
_OUTPUT = "$Sequence{main}{send}"


def _for_each(**more: Any) -> dict[str, Any]:
    condition = {"type": "for_each", "subject": "$Input{items}", **more}
    return action("send", condition=condition, input=_ITEM)


def _echo(call: ActionCall) -> Any:
    assert isinstance(call.body, dict)
    return call.body["item"]


def _fail_on(bad: Any) -> Any:
    def answer(call: ActionCall) -> Any:
        if _echo(call) == bad:
            raise HttpStatusError("no", status=400)
        return _echo(call)

    return answer


@pytest.mark.parametrize("parallel", [1, 3, True])
def test_for_each_gives_the_results_in_the_order_of_the_list(parallel: Any) -> None:
    harness = Harness()
    harness.answer("send", lambda call: after(5 - call.body["index"], call.body["item"])(call))

    outcome = harness.run(
        release(sequence("main", _for_each(parallel=parallel)), output=_OUTPUT), {"items": [0, False, "", None, "x"]}
    )

    assert outcome.output == [0, False, "", None, "x"]
    assert [record.key.iteration for record in harness.records("send")].count(None) == 1
    assert harness.records("send")[-1].reason == "5 iterations"


def test_for_each_in_order_runs_one_item_at_a_time_and_in_parallel_as_many_as_it_says() -> None:
    def seconds(parallel: int) -> float:
        harness = Harness()
        harness.answer("send", after(1, None))
        harness.run(release(sequence("main", _for_each(parallel=parallel))), {"items": list(range(6))})
        return harness.clock.seconds

    assert [seconds(parallel) for parallel in (1, 2, 6, 100)] == pytest.approx([6, 3, 1, 1])


def test_for_each_over_nothing_is_an_empty_list() -> None:
    harness = Harness()

    outcome = harness.run(release(sequence("main", _for_each()), output=_OUTPUT), {"items": []})

    assert outcome.output == []
    assert harness.statuses("send") == ["succeeded"]


@pytest.mark.parametrize("parallel", [1, 2])
def test_for_each_fails_with_its_first_failure_and_starts_no_other_item(parallel: int) -> None:
    harness = Harness()
    harness.answer("send", _fail_on(1))

    outcome = harness.run(release(sequence("main", _for_each(parallel=parallel))), {"items": [0, 1, 2, 3, 4, 5]})

    assert outcome.error == RunError(code="http_400", message="no", place="main/send")
    assert len(harness.actions.calls) <= 3


def test_for_each_that_may_fail_has_null_in_place_of_what_failed() -> None:
    harness = Harness()
    harness.answer("send", _fail_on(1))
    event = _for_each() | {"allow_fail": True}

    outcome = harness.run(release(sequence("main", event), output=_OUTPUT), {"items": [0, 1, 2]})

    assert outcome.output == [0, None, 2]


@pytest.mark.parametrize(
    ("items", "code"), [([1, 2, 3], "too_many_iterations"), ("abc", "bad_condition"), (None, "bad_condition")]
)
def test_for_each_over_what_it_cannot_take_fails_before_the_first_call(items: Any, code: str) -> None:
    harness = Harness()

    outcome = harness.run(release(sequence("main", _for_each(max_iterations=2))), {"items": items})

    assert outcome.error is not None
    assert outcome.error.code == code
    assert harness.called() == []


def test_for_each_falls_back_as_a_whole() -> None:
    harness = Harness()
    harness.answer("send", _fail_on(1))
    harness.answer("bulk", ["all"])
    event = _for_each() | {"fallback": action("bulk"), "allow_fail": True}

    outcome = harness.run(release(sequence("main", event), output=_OUTPUT), {"items": [0, 1, 2]})

    assert outcome.output == ["all"]
    assert harness.called() == ["send", "send", "bulk"]


def test_for_each_parks_until_its_earliest_item_is_due_while_the_others_go_on() -> None:
    harness = Harness()

    def answer(call: ActionCall) -> Any:
        first_time = len([each for each in harness.actions.calls if each.body == call.body]) == 1
        if first_time and _echo(call) < 2:
            raise HttpStatusError("busy", status=429, retry_after_seconds=600 - 100 * _echo(call))
        return _echo(call)

    harness.answer("send", answer)
    event = _for_each(parallel=2) | {"retries": 1}
    released = release(sequence("main", event), output=_OUTPUT)

    outcome = harness.run(released, {"items": [0, 1, 2, 3]})

    assert outcome.status == "waiting"
    assert outcome.due_at == START + dt.timedelta(seconds=500)
    assert len(harness.actions.calls) == 4

    harness.clock.advance(600)

    assert harness.resume(released, {"items": [0, 1, 2, 3]}).output == [0, 1, 2, 3]
    assert len(harness.actions.calls) == 6


def test_for_each_that_has_failed_starts_no_other_item_when_the_run_is_resumed() -> None:
    harness = Harness()
    harness.answer("send", lambda call: _fail_on(1)(call) if _echo(call) == 1 else after(1, None)(call))
    approval = {"type": "approval", "event": "ok", "input": {"title": "Go on?"}}
    released = release(sequence("main", _for_each(parallel=3) | {"fallback": approval}))
    assert harness.run(released, {"items": list(range(10))}).status == "waiting"
    called = harness.called()

    assert [harness.resume(released, {"items": list(range(10))}).status for _ in range(3)] == ["waiting"] * 3

    assert harness.called() == called


def _do_while(**more: Any) -> dict[str, Any]:
    condition = {"type": "do_while", "subject": "$Response{page}", "decision_type": "less-than", "value": 3, **more}
    return action("send", condition=condition, input={"body": {"page": "$Default($Response{page}, 0)"}})


def _next_page(call: ActionCall) -> Any:
    assert isinstance(call.body, dict)
    page = call.body["page"]
    assert isinstance(page, int)
    return {"page": page + 1}


def test_do_while_runs_until_its_condition_on_the_last_result_does_not_hold() -> None:
    harness = Harness()
    harness.answer("send", _next_page)

    outcome = harness.run(release(sequence("main", _do_while()), output=_OUTPUT))

    assert outcome.output == {"page": 3}
    assert [record.key.iteration for record in harness.records("send")] == [0, 1, 2, None]


def test_do_while_without_a_subject_decides_on_its_result() -> None:
    harness = Harness()
    harness.answer("send", "pending", "pending", "done")
    condition = {"type": "do_while", "value": "pending"}

    outcome = harness.run(release(sequence("main", action("send", condition=condition)), output=_OUTPUT))

    assert outcome.output == "done"
    assert len(harness.actions.calls) == 3


def test_do_while_that_does_not_end_fails() -> None:
    harness = Harness()
    harness.answer("send", "pending")
    condition = {"type": "do_while", "value": "pending", "max_iterations": 4}

    outcome = harness.run(release(sequence("main", action("send", condition=condition))))

    assert outcome.error == RunError(
        code="too_many_iterations",
        message="the condition still holds after 4 iterations: raise max_iterations, or check that what the condition "
        "reads changes from one to the next",
        place="main/send",
    )
    assert len(harness.actions.calls) == 4


def test_loop_that_is_cut_off_goes_on_behind_its_last_iteration() -> None:
    harness = Harness()
    harness.answer("send", _next_page)
    released = release(sequence("main", _do_while()), output=_OUTPUT)
    harness.run(released)
    harness.recorder.records = harness.recorder.records[:4]  # two iterations, running and succeeded

    outcome = harness.resume(released)

    assert outcome.output == {"page": 3}
    assert len(harness.actions.calls) == 4


def test_do_while_that_was_parked_decides_no_iteration_again() -> None:
    harness = Harness()
    harness.answer("send", 1, 2, HttpStatusError("busy", status=429, retry_after_seconds=60), 3)
    until = int((START + dt.timedelta(seconds=30)).timestamp() * 1000)
    condition = {"type": "do_while", "subject": "$Now", "decision_type": "less-than", "value": until}
    released = release(sequence("main", action("send", condition=condition, retries=1)), output=_OUTPUT)
    assert harness.run(released).status == "waiting"

    harness.clock.advance(60)

    assert harness.resume(released).output == 3
    assert harness.records("send")[-1].reason == "3 iterations"


def test_do_while_whose_condition_cannot_be_decided_fails() -> None:
    harness = Harness()
    harness.answer("send", {"page": "one"})

    outcome = harness.run(release(sequence("main", _do_while())))

    assert outcome.error is not None
    assert outcome.error.code == "bad_condition"
    assert len(harness.actions.calls) == 1
