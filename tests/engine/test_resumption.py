from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.connectors.base import ActionCall
from integrations.connectors.http.errors import HttpStatusError
from integrations.definitions.release import Release
from integrations.engine.executor import execute
from integrations.engine.records import Outcome, RunError
from integrations.errors import SandboxError
from tests.engine.harness import Harness, action, function, release, sequence
from tests.fakes.clock import run
from tests.fakes.connectors import after
from tests.fakes.recorders import Crash, CrashingRecorder, RecordingRecorder

_INPUT = {"items": ["x", "y", "z"]}


def _harness() -> Harness:
    """Answer every action the same way in every execution; `flaky` fails on the first try of each step."""
    harness = Harness()

    def flaky(call: ActionCall) -> Any:
        tries = [each for each in harness.actions.calls if each.idempotency_key == call.idempotency_key]
        if len(tries) == 1:
            raise HttpStatusError("down", status=503, retry_after_seconds=1)
        return "at last"

    harness.answer("flaky", flaky)
    harness.answer("ok", after(1, {"id": 7}))
    harness.answer("bad", HttpStatusError("no", status=400))
    harness.answer("undo", None)
    harness.answer_function("pure", lambda value: value)
    harness.answer_function("threw", _threw)
    return harness


def _threw(_input: object) -> object:
    raise SandboxError("Error: boom", code="threw")


#: Events of every kind that go well, each under the name that is put in.
_KINDS: dict[str, dict[str, Any]] = {
    "plain": action("ok", rollback=action("undo")),
    "retried": action("flaky", retries=2, rollback=action("undo")),
    "function": function("pure", input={"item": "$Input{items}{[0]}"}),
    "skipped": action("ok", condition={"subject": "$Input{gone}", "decision_type": "exists"}),
    "loop": action("ok", condition={"type": "for_each", "subject": "$Input{items}"}, rollback=action("undo")),
    "parallel": action("ok", condition={"type": "for_each", "subject": "$Input{items}", "parallel": 2}),
    "fallback": action("bad", fallback=action("ok")),
    "allowed": action("bad", allow_fail=True),
    "wait": {"type": "wait", "event": "wait", "input": {"seconds": 1}},
}


_FAILING: list[dict[str, Any]] = [
    action("bad"),
    action("bad", fallback=action("bad", fallback=function("threw"))),
]


@st.composite
def releases(draw: st.DrawFn) -> Release:
    """Draw graphs of events of every kind; some end in a failure."""
    sequences: list[dict[str, Any]] = []
    fails = draw(st.booleans())
    for index in range(draw(st.integers(1, 3))):
        kinds = draw(st.lists(st.sampled_from(sorted(_KINDS)), min_size=1, max_size=3))
        events = [{**_KINDS[kind], "name": f"e{position}"} for position, kind in enumerate(kinds)]
        parents = (
            draw(st.lists(st.sampled_from([each["sequence_tag"] for each in sequences]), max_size=2)) if index else []
        )
        sequences.append(sequence(f"s{index}", *events, parents=parents))
    if fails:
        last = draw(st.sampled_from(_FAILING))
        sequences.append(sequence("end", last, parents=[each["sequence_tag"] for each in sequences]))
    output = {tag: f"$Default($Sequence{{{tag}}}{{e0}}, null)" for tag in (each["sequence_tag"] for each in sequences)}
    return release(*sequences, output=output)


def _crash_after(harness: Harness, released: Release, survives: int) -> Outcome | None:
    """Execute what is left of a run until its process dies after so many records; None if it did."""
    harness.recorder = CrashingRecorder(survives=survives, after=harness.recorder)
    try:
        return harness.resume(released, _INPUT)
    except Crash:
        return None


@given(releases(), st.lists(st.integers(0, 8), min_size=1, max_size=4))
@settings(max_examples=80)
def test_run_that_crashes_after_any_records_ends_as_if_it_had_not(released: Release, crashes: list[int]) -> None:
    expected = _harness().run(released, _INPUT)
    harness = _harness()

    outcome = None
    for survives in crashes:
        finished_before = _finished(harness)
        calls_before = len(harness.actions.calls)
        outcome = outcome or _crash_after(harness, released, survives)
        repeated = {call.idempotency_key for call in harness.actions.calls[calls_before:]} & finished_before
        assert not repeated
    outcome = outcome or _crash_after(harness, released, 10_000)

    assert outcome == expected
    succeeded = Counter(record.key for record in harness.recorder.records if record.status in ("succeeded", "skipped"))
    assert set(succeeded.values()) <= {1}


def _finished(harness: Harness) -> set[str]:
    return {record.idempotency_key for record in harness.recorder.records if record.status == "succeeded"} - {""}


def test_run_that_had_failed_starts_nothing_new_when_it_is_resumed_for_its_rollbacks() -> None:
    harness = _harness()
    released = release(
        sequence("failing", action("ok", rollback=action("undo")), action("bad")),
        sequence("beside", action("ok", name="first"), action("ok", name="second"), action("ok", name="third")),
    )
    # Its process dies while it is rolled back, before "beside" has come to its end.
    harness.recorder = CrashingRecorder(survives=7)
    with pytest.raises(Crash):
        harness.run(released)
    assert [record.key.event for record in harness.recorder.records].count("third") == 0
    before = len(harness.actions.calls)

    harness.recorder = RecordingRecorder(records=harness.recorder.records, failure=harness.recorder.failure)
    outcome = harness.resume(released)

    assert outcome.error is not None
    assert outcome.error.code == "http_400"
    assert {call.action.tag for call in harness.actions.calls[before:]} == {"undo"}


@pytest.mark.parametrize("failing", _FAILING)
@pytest.mark.parametrize("looped", [False, True])
def test_run_that_crashes_while_it_rolls_back_tells_the_same_failure(failing: dict[str, Any], looped: bool) -> None:
    loop = {"condition": {"type": "for_each", "subject": "$Input{items}"}} if looped else {}
    released = release(sequence("main", action("ok", rollback=action("undo")), {**failing, **loop}))
    harness = _harness()
    expected = harness.run(released, _INPUT)
    assert expected.status == "failed"
    is_undone = [record.key.role == "rollback" for record in harness.recorder.records]

    harness = _harness()
    assert _crash_after(harness, released, is_undone.index(True)) is None

    assert _crash_after(harness, released, 10_000) == expected


def test_result_that_was_redacted_when_it_was_stored_is_not_sent_on() -> None:
    harness = Harness(secrets={"key": "hunter22"})
    harness.answer("ok", {"echo": "hunter22", "id": 7})
    harness.answer("send", None)
    released = release(
        sequence(
            "main",
            action("ok"),
            {"type": "wait", "event": "pause", "input": {"seconds": 60}},
            action("send", name="harmless", input={"body": "$Sequence{main}{ok}{id}"}),
            action("send", input={"body": "$Sequence{main}{ok}{echo}"}),
        )
    )
    harness.run(released)
    harness.clock.advance(60)

    outcome = harness.resume(released)

    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.place) == ("redacted", "main/send")
    assert [call.body for call in harness.actions.calls_of("send")] == [7]


def test_result_that_was_redacted_when_it_was_stored_decides_nothing() -> None:
    harness = Harness(secrets={"key": "hunter22"})
    harness.answer("ok", {"echo": "hunter22"})
    condition = {"subject": "$Sequence{main}{ok}{echo}", "decision_type": "equals", "value": "$Secret{key}"}
    pause = {"type": "wait", "event": "pause", "input": {"seconds": 60}}
    released = release(sequence("main", action("ok"), pause, action("send", condition=condition)))
    harness.run(released)
    harness.clock.advance(60)

    outcome = harness.resume(released)

    assert outcome.error is not None
    assert outcome.error.code == "redacted"


def test_run_without_stored_results_keeps_only_its_failed_steps() -> None:
    harness = _harness()
    released = release(sequence("main", action("ok"), action("bad")), store_event_results=False)

    harness.run(released)

    assert [(record.key.event, record.status) for record in harness.recorder.records] == [("bad", "failed")]


def test_run_without_stored_results_stores_what_has_finished_when_it_parks() -> None:
    harness = _harness()
    pause = {"type": "wait", "event": "pause", "input": {"seconds": 60}}
    released = release(sequence("main", action("ok"), pause, action("ok", name="again")), store_event_results=False)
    harness.run(released)
    assert [(record.key.event, record.status) for record in harness.recorder.records] == [
        ("ok", "succeeded"),
        ("pause", "waiting"),
    ]
    harness.clock.advance(60)

    assert harness.resume(released).status == "succeeded"
    assert harness.called() == ["ok", "ok"]


def test_run_without_stored_results_can_be_rolled_back_after_a_crash() -> None:
    harness = _harness()
    released = release(
        sequence("main", action("ok", rollback=action("undo")), action("bad")), store_event_results=False
    )
    harness.recorder = CrashingRecorder(survives=3)  # the step's failure, what there is to undo, the run's failure
    harness.answer("undo", Crash())
    with pytest.raises(Crash):
        harness.run(released)
    harness.answer("undo", None)

    outcome = harness.resume(released)

    assert outcome.error is not None
    assert outcome.error.code == "http_400"
    assert harness.called() == ["ok", "bad", "undo", "undo"]


def test_run_that_took_too_long_is_over_when_it_is_resumed() -> None:
    harness = _harness()
    harness.answer("slow", after(60, None))
    harness.answer("undo", Crash())
    released = release(sequence("main", action("ok", rollback=action("undo")), action("slow", retries=5)), timeout=10)
    with pytest.raises(Crash):
        harness.run(released)
    harness.answer("undo", None)

    outcome = harness.resume(released)

    assert outcome.error is not None
    assert outcome.error.code == "run_timeout"
    assert harness.called() == ["ok", "slow", "undo", "undo"]


@pytest.mark.parametrize(
    ("fallback", "goes_on"),
    [
        (action("ok"), True),  # it may make up for the failure, so the run has not failed
        (action("ok", condition={"subject": "$Response{error}{code}", "value": "http_404"}), False),
    ],
)
def test_failed_event_with_a_fallback_ends_the_run_only_if_the_fallback_is_not_for_it(
    fallback: dict[str, Any], goes_on: bool
) -> None:
    harness = _harness()
    released = release(
        sequence("a", action("bad", fallback=fallback)), sequence("b", action("ok"), action("ok", name="x"))
    )
    harness.run(released)
    harness.recorder.records = [record for record in harness.recorder.records if record.key.sequence == "a"]
    before = len(harness.actions.calls)

    harness.resume(released)

    assert (len(harness.actions.calls) > before) is goes_on


def _undoing_later(*events: dict[str, Any], **more: Any) -> tuple[Harness, Release]:
    """Return a feature that creates something before these events; its undoing has to wait a minute the first time."""
    harness = _harness()
    harness.answer("create", {})
    harness.answer("destroy", HttpStatusError("busy", status=503, retry_after_seconds=60), {})
    create = action("create", rollback=action("destroy", retries=1))
    return harness, release(sequence("main", create, *events), output={"done": True}, **more)


def _resumed_in_a_minute(harness: Harness, released: Release) -> Outcome:
    assert harness.run(released).status == "waiting"
    harness.clock.advance(60)
    return harness.resume(released)


def test_run_whose_time_was_up_between_two_attempts_stays_failed_while_it_is_undone() -> None:
    harness, released = _undoing_later(action("flaky", retries=3), action("ok"), timeout=0.5)

    outcome = _resumed_in_a_minute(harness, released)

    assert outcome.error == RunError(code="run_timeout", message="the run took longer than its 0.5 s")
    assert harness.called() == ["create", "flaky", "destroy", "destroy"]


def test_run_whose_time_was_up_stays_failed_when_its_process_dies_once_it_is_undone() -> None:
    harness, released = _undoing_later(action("flaky", retries=3), action("ok"), timeout=0.5)
    harness.answer("destroy", {})
    harness.run(released)

    outcome = harness.resume(released)

    assert (outcome.status, harness.called()) == ("failed", ["create", "flaky", "destroy"])


def test_run_that_used_up_the_retries_of_a_status_starts_nothing_new_while_it_is_undone() -> None:
    harness, _ = _undoing_later()
    create = action("create", rollback=action("destroy", retries=1))
    harness.answer("slow", after(5, {}))
    harness.answer("down", HttpStatusError("down", status=503))
    few = {"delay": 0, "policy": {"503": {"available": 1, "lag": 0}}}
    released = release(
        sequence("main", create, action("slow"), action("ok", name="late")),
        sequence("beside", action("down", retries=5, retry=few)),
    )

    outcome = _resumed_in_a_minute(harness, released)

    assert outcome.error == RunError(code="http_503", message="down", place="beside/down")
    assert harness.called() == ["create", "slow", "down", "down", "destroy", "destroy"]


def _undecidable(**more: Any) -> dict[str, Any]:
    condition = {"subject": {"function": "may", "values": []}, "decision_type": "equals", "value": True}
    return action("ok", name="pay", retries=2, condition=condition, **more)


def _crashed(_input: object) -> object:
    raise SandboxError("the process ended", code="crashed")


def test_event_whose_condition_could_not_be_decided_is_not_executed_by_a_later_execution() -> None:
    harness, _ = _undoing_later()
    harness.answer_function("may", _crashed)
    create = action("create", rollback=action("destroy", retries=1))
    released = release(sequence("main", create, _undecidable()), functions={"may": {}})

    outcome = _resumed_in_a_minute(harness, released)

    assert outcome.error == RunError(code="crashed", message="the process ended", place="main/pay")
    assert harness.called() == ["create", "destroy", "destroy"]


_EACH = {"type": "for_each", "subject": {"function": "may", "values": []}}


@pytest.mark.parametrize("condition", [{}, {"condition": _EACH}])
def test_event_that_was_refused_and_may_fail_stays_so_in_a_later_execution(condition: dict[str, Any]) -> None:
    harness = _harness()
    harness.answer_function("may", _crashed)
    refused = {**_undecidable(allow_fail=True), **condition}
    pause = {"type": "wait", "event": "pause", "input": {"seconds": 60}}
    released = release(sequence("main", refused, pause), functions={"may": {}})
    harness.run(released)
    harness.answer_function("may", lambda _: [1])
    harness.clock.advance(60)

    assert harness.resume(released).status == "succeeded"
    assert harness.called() == []
    assert harness.statuses("pay") == ["failed"]


def test_run_that_is_cancelled_while_it_is_undone_still_says_what_it_had_failed_of() -> None:
    harness, released = _undoing_later(action("bad"))
    harness.answer("destroy", after(60, {}))

    async def cancelled() -> Outcome:
        undoing = asyncio.create_task(execute(harness.context(released)))
        await harness.clock.sleep(1)
        harness.cancellation.cancel()
        return await undoing

    outcome = run(cancelled(), clock=harness.clock)

    assert (outcome.status, outcome.error) == ("cancelled", RunError(code="http_400", message="no", place="main/bad"))
    assert harness.statuses("create", role="rollback") == ["cancelled"]
