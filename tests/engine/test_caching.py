from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from integrations.connectors.base import Reply
from integrations.definitions.release import Release
from integrations.engine.context import Cancellation
from integrations.engine.executor import execute
from integrations.engine.ports import CacheAnswer
from integrations.engine.records import Outcome
from integrations.errors import ConnectorError
from tests.engine.harness import BINDING, RUN, Harness, action, function, release, sequence
from tests.fakes.clock import run
from tests.fakes.connectors import after

_GET = action("get", cache="hourly", input={"query": {"id": "$Input{id}"}})
_OUTPUT = "$Sequence{main}{get}"
RELEASE = release(sequence("main", _GET), output=_OUTPUT)


def test_second_run_with_the_same_input_is_served_from_the_cache() -> None:
    harness = Harness()
    harness.answer("get", {"n": 1}, {"n": 2})

    first, second = harness.run(RELEASE, {"id": 7}), harness.run(RELEASE, {"id": 7})

    assert (first.output, second.output) == ({"n": 1}, {"n": 1})
    assert harness.called() == ["get"]
    assert [record.reason for record in harness.records("get")] == [
        'stored in cache "hourly"',
        'served from cache "hourly", stored at 2026-01-01T12:00:00+00:00',
    ]


def _changed_release(**changes: Any) -> Any:
    return release(sequence("main", _GET), output=_OUTPUT, actions={"get": {"resource": "/", **changes}})


@pytest.mark.parametrize(
    "second",
    [
        (RELEASE, {"id": 8}, BINDING),
        (RELEASE, {"id": "7"}, BINDING),
        (RELEASE, {"id": 7.0}, BINDING),
        (RELEASE, {"id": 7}, dataclasses.replace(BINDING, digest="2")),
        (_changed_release(resource="/v2"), {"id": 7}, BINDING),
        (release(sequence("other", _GET), output="$Sequence{other}{get}"), {"id": 7}, BINDING),
        (release(sequence("main", {**_GET, "cache": "daily"}), output=_OUTPUT), {"id": 7}, BINDING),
    ],
    ids=["input", "type", "float", "binding", "action", "event", "cache"],
)
def test_whatever_the_result_depends_on_makes_another_entry(second: Any) -> None:
    harness = Harness()
    harness.answer("get", 1, 2)
    harness.run(RELEASE, {"id": 7})

    released, value, binding = second
    harness.bindings = {"orders": binding}

    assert harness.run(released, value).output == 2


def test_function_that_was_changed_is_called_again() -> None:
    harness = Harness()
    harness.answer_function("f", 1)
    harness.answer_function("f v2", 2)
    released = release(sequence("main", function("f", cache="hourly")), output="$Sequence{main}{f}")
    harness.run(released)

    changed = {**released.functions["f"].to_compact_dict(), "javascript": "f v2"}

    assert harness.run(released).output == 1
    assert harness.run(released.changed({"functions": {"f": changed}})).output == 2


def test_nested_feature_is_run_once() -> None:
    harness = Harness()
    nested = {"type": "feature", "event": "inner", "cache": "hourly"}
    released = release(sequence("main", nested), output="$Sequence{main}{inner}")
    harness.run(released)
    harness.nested_runs.end_all(output="done")

    assert harness.resume(released).output == "done"
    harness.recorder.records.clear()
    harness.nested_runs.runs.clear()

    assert harness.run(released).output == "done"
    assert harness.nested_runs.runs == {}


def test_renewed_token_makes_no_difference() -> None:
    harness = Harness()
    harness.answer("get", 1, 2)
    headers = {"Authorization": "Bearer $Auth{login}{access}"}
    released = release(sequence("main", action("get", cache="hourly", input={"headers": headers})), output=_OUTPUT)
    harness.actions.tokens = [{"access": "token-one"}]
    harness.run(released)

    harness.actions.tokens = [{"access": "token-two"}]

    assert harness.run(released).output == 1


def _together(harness: Harness, count: int) -> list[Outcome]:
    async def all_of_them() -> list[Outcome]:
        contexts = [harness.context(RELEASE, {"id": 7}) for _ in range(count)]
        runs = [
            dataclasses.replace(context, run=dataclasses.replace(context.run, id=f"run-{number}"))
            for number, context in enumerate(contexts)
        ]
        return await asyncio.gather(*map(execute, runs))

    return run(all_of_them(), clock=harness.clock)


def test_runs_that_miss_at_the_same_time_make_one_call() -> None:
    harness = Harness()
    harness.answer("get", after(1, {"n": 1}))

    outcomes = _together(harness, 5)

    assert [outcome.output for outcome in outcomes] == [{"n": 1}] * 5
    assert harness.called() == ["get"]
    waited = [record.reason for record in harness.records("get") if "waited" in record.reason]
    assert len(waited) == 4
    assert waited[0].startswith('waited for another run to fill the cache; served from cache "hourly"')


def test_run_that_waited_calls_itself_when_the_other_one_fails() -> None:
    harness = Harness()
    harness.answer("get", lambda _: _failing_late(), 2)

    outcomes = _together(harness, 2)

    assert sorted(str(outcome.output) for outcome in outcomes) == ["2", "None"]
    assert harness.called() == ["get", "get"]


async def _failing_late() -> Reply:
    await asyncio.sleep(1)
    raise ConnectorError("no", code="http_404")


@pytest.mark.parametrize(("timeout", "waits"), [(None, 30), (10, 5)])
def test_run_that_waited_long_enough_calls_itself(timeout: float | None, waits: float) -> None:
    harness = Harness()
    harness.answer("get", 1)
    released = release(sequence("main", {**_GET, "timeout": timeout}), output=_OUTPUT)
    _hung(harness, released)

    outcome = harness.run(released, {"id": 7})
    while outcome.due_at is not None:
        harness.clock.advance((outcome.due_at - harness.clock.now()).total_seconds())
        outcome = harness.resume(released, {"id": 7})

    assert outcome.output == 1
    assert waits <= harness.clock.seconds < waits + 1
    reason = 'waited for another run to fill the cache; cache "hourly" was being filled for too long'
    assert harness.records("get")[-1].reason == reason


def _hung(harness: Harness, released: Release) -> str:
    """Let somebody else fill what a run is about to look for, and return its key."""
    harness.run(released, {"id": 7})
    [key] = harness.result_cache.entries
    harness.result_cache.entries.clear()
    harness.recorder.records.clear()
    harness.result_cache.fillers[key] = "somebody else"
    return key


def test_run_that_would_wait_for_long_parks_and_looks_again_ever_later() -> None:
    harness = Harness()
    harness.answer("get", 1)
    _hung(harness, RELEASE)

    due_in = []
    for _ in range(3):
        outcome = harness.resume(RELEASE, {"id": 7})
        assert (outcome.status, harness.called()) == ("waiting", ["get"])
        assert outcome.due_at is not None
        due_in.append(round((outcome.due_at - harness.clock.now()).total_seconds()))
        harness.clock.advance(due_in[-1])

    assert due_in == [2, 4, 8]
    assert {record.reason for record in harness.records("get")} == {'waits for another run to fill cache "hourly"'}
    assert sum(harness.clock.slept) < 2.5


def test_run_that_was_parked_takes_what_the_other_one_has_filled() -> None:
    harness = Harness()
    harness.answer("get", 1)
    key = _hung(harness, RELEASE)
    harness.run(RELEASE, {"id": 7})

    harness.clock.advance(2)
    harness.result_cache.entries[key] = CacheAnswer(status="hit", value=2)

    assert harness.resume(RELEASE, {"id": 7}).output == 2
    assert harness.records("get")[-1].reason == 'waited for another run to fill the cache; served from cache "hourly"'


def test_run_that_fills_by_a_nested_run_holds_up_nobody_who_waits_for_it() -> None:
    harness = Harness()
    nested = {"type": "feature", "event": "inner", "cache": "hourly"}
    released = release(sequence("main", nested), output="$Sequence{main}{inner}")
    other = Harness()
    other.result_cache = harness.result_cache

    assert harness.run(released).status == "waiting"
    context = dataclasses.replace(other.context(released), run=dataclasses.replace(RUN, id="run-2"))
    outcome = run(execute(context), clock=other.clock)

    assert (outcome.status, other.nested_runs.runs) == ("waiting", {})
    assert outcome.due_at is not None
    assert other.records("inner")[-1].reason == 'waits for another run to fill cache "hourly"'


def test_execution_that_was_cut_off_while_it_filled_fills_again() -> None:
    harness = Harness()
    harness.answer("get", 1)
    harness.run(RELEASE, {"id": 7})
    [key] = harness.result_cache.entries
    harness.result_cache.entries.clear()
    harness.result_cache.fillers[key] = "run-1 main/get"

    assert harness.run(RELEASE, {"id": 7}).output == 1
    assert harness.result_cache.entries[key].value == 1


def test_cache_that_is_at_fault_is_a_miss() -> None:
    harness = Harness()
    harness.answer("get", 1)
    harness.result_cache.is_available = False

    assert harness.run(RELEASE, {"id": 7}).output == 1
    assert harness.records("get")[0].reason == 'cache "hourly" was not available'


def test_failure_is_not_kept() -> None:
    harness = Harness()
    harness.answer("get", ConnectorError("no", code="http_404"), 2)
    harness.run(RELEASE, {"id": 7})

    assert harness.result_cache.fillers == {}
    assert harness.run(RELEASE, {"id": 7}).output == 2


def test_call_whose_time_is_up_leaves_it_to_the_next_run_to_fill() -> None:
    harness = Harness()
    harness.answer("get", after(60, 1), 2)
    released = release(sequence("main", {**_GET, "timeout": 5}), output=_OUTPUT)
    assert harness.run(released, {"id": 7}).status == "failed"

    assert harness.run(released, {"id": 7}).output == 2
    assert harness.clock.seconds == pytest.approx(5)


def test_call_whose_time_is_up_as_it_is_told_to_fill_leaves_it_to_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness()

    async def tell_late(key: str, *, filler: str, **_: object) -> CacheAnswer:
        harness.result_cache.fillers[key] = filler
        await asyncio.sleep(60)
        return CacheAnswer(status="fill")

    monkeypatch.setattr(harness.result_cache, "look", tell_late)

    assert harness.run(release(sequence("main", {**_GET, "timeout": 5})), {"id": 7}).status == "failed"
    assert harness.result_cache.fillers == {}


def test_run_that_is_cancelled_leaves_it_to_the_next_one_to_fill() -> None:
    harness = Harness()

    async def cancel(_: Any) -> None:
        harness.cancellation.cancel()
        await asyncio.sleep(60)

    harness.answer("get", cancel, 2)
    assert harness.run(RELEASE, {"id": 7}).status == "cancelled"
    harness.cancellation = Cancellation()

    assert harness.run(RELEASE, {"id": 7}).output == 2
    assert harness.clock.seconds == 0


def test_result_that_holds_a_secret_is_not_kept() -> None:
    harness = Harness(secrets={"key": "hush-hush"})
    harness.answer("get", {"echo": "you sent hush-hush"})

    harness.run(RELEASE, {"id": 7})

    assert (harness.result_cache.entries, harness.result_cache.fillers) == ({}, {})
    assert harness.records("get")[0].reason == 'not kept in cache "hourly", since it holds a secret'


def test_result_that_the_cache_does_not_take_is_used_and_the_step_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **_named: object) -> str:
        return "it is too large"

    harness = Harness()
    monkeypatch.setattr(harness.result_cache, "store", refuse)
    harness.answer("get", {"n": 1})

    assert harness.run(RELEASE, {"id": 7}).output == {"n": 1}
    assert harness.records("get")[-1].reason == 'not kept in cache "hourly", since it is too large'


def test_result_of_null_is_a_result() -> None:
    harness = Harness()
    harness.answer("get", None, 2)
    harness.run(RELEASE, {"id": 7})

    assert harness.run(RELEASE, {"id": 7}) == Outcome(status="succeeded", output=None)
    assert list(harness.result_cache.entries.values()) == [
        CacheAnswer(status="hit", value=None, stored_at=harness.clock.start)
    ]


def test_items_of_a_loop_share_what_is_equal() -> None:
    harness = Harness()
    harness.answer("get", lambda call: after(1, call.query["id"])(call))
    each = {"type": "for_each", "subject": [1, 2, 1, 2, 1], "parallel": 5}
    event = {**_GET, "condition": each, "input": {"query": {"id": "$Item"}}}

    outcome = harness.run(release(sequence("main", event), output=_OUTPUT))

    assert outcome.output == [1, 2, 1, 2, 1]
    assert len(harness.called()) == 2
