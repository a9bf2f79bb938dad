from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest

from integrations.engine.executor import execute
from integrations.engine.records import Outcome
from tests.engine.harness import Harness, action, release, sequence
from tests.fakes.clock import START, run
from tests.fakes.connectors import after


def _wait(**given: Any) -> dict[str, Any]:
    return {"type": "wait", "event": "pause", "input": given}


@pytest.mark.parametrize(
    "given",
    [
        {"seconds": 90},
        {"until": "2026-01-01T12:01:30Z"},
        {"until": "2026-01-01T13:01:30+01:00"},
        {"until": 1767268890000},
        {"seconds": "$Input{seconds}"},
    ],
)
def test_long_wait_parks_and_then_goes_on(given: dict[str, Any]) -> None:
    harness = Harness()
    harness.answer("next", 1)
    released = release(sequence("main", _wait(**given), action("next")), output={"wait": "$Sequence{main}{pause}"})

    outcome = harness.run(released, {"seconds": 90})

    assert outcome == Outcome(status="waiting", due_at=START + dt.timedelta(seconds=90))
    assert harness.called() == []

    harness.clock.advance(90)

    assert harness.resume(released).output == {"wait": None}
    assert harness.called() == ["next"]
    assert [(record.status, record.attempt) for record in harness.records("pause")] == [
        ("waiting", 1),
        ("succeeded", 1),
    ]


def test_short_wait_stays_in_the_execution() -> None:
    harness = Harness()

    assert harness.run(release(sequence("main", _wait(seconds=1.5)))).status == "succeeded"
    assert harness.clock.slept == [1.5]
    assert harness.statuses("pause") == ["succeeded"]


@pytest.mark.parametrize("seconds", [1.5, 3.0])
def test_wait_that_is_broken_off_says_why(seconds: float) -> None:
    harness = Harness()
    released = release(sequence("main", _wait(seconds=seconds), action("next")))
    if seconds > 2:  # it parks, and is cancelled in its last second
        harness.run(released)
        harness.clock.advance(seconds - 1.5)

    async def cancelled() -> Outcome:
        asyncio.get_running_loop().call_later(1, harness.cancellation.cancel)
        return await execute(harness.context(released, checkpoints=harness.checkpoints()))

    assert run(cancelled(), clock=harness.clock) == Outcome(status="cancelled")
    record = harness.records("pause")[-1]
    assert (record.status, record.reason) == ("cancelled", "the run was cancelled")


def test_wait_that_outlasts_its_run_fails_with_the_runs_timeout() -> None:
    harness = Harness()

    outcome = harness.run(release(sequence("main", _wait(seconds=1.5)), timeout=1))

    assert outcome.status == "failed"
    [record] = harness.records("pause")
    assert record.error is not None
    assert record.error.code == "run_timeout"


def test_wait_until_a_time_that_has_passed_goes_on_at_once() -> None:
    harness = Harness()

    assert harness.run(release(sequence("main", _wait(until="2020-01-01T00:00:00Z")))).status == "succeeded"
    assert harness.clock.seconds == 0


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"seconds": -1},
        {"seconds": True},
        {"seconds": "60"},
        {"seconds": 10**18},
        {"seconds": 1, "until": 0},
        {"until": "tomorrow"},
        {"until": "2026-01-01T12:00:00"},  # of which zone?
        {"until": 10**18},
    ],
)
def test_wait_for_something_else_fails(given: dict[str, Any]) -> None:
    harness = Harness()

    outcome = harness.run(release(sequence("main", _wait(**given))))

    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.place) == ("bad_input", "main/pause")


def test_run_waits_for_the_earliest_of_its_branches_once_all_have_come_to_rest() -> None:
    harness = Harness()
    harness.answer("slow", after(30, None))

    outcome = harness.run(
        release(
            sequence("long", _wait(seconds=900)),
            sequence("short", _wait(seconds=300)),
            sequence("busy", action("slow")),
        )
    )

    assert outcome.due_at == START + dt.timedelta(seconds=300)
    assert harness.statuses("slow") == ["succeeded"]


def test_branch_that_is_due_later_stays_parked() -> None:
    harness = Harness()
    released = release(sequence("long", _wait(seconds=900)), sequence("short", _wait(seconds=300)))
    harness.run(released)
    harness.clock.advance(300)

    outcome = harness.resume(released)

    assert outcome == Outcome(status="waiting", due_at=START + dt.timedelta(seconds=900))
    assert harness.statuses("pause") == ["waiting", "waiting", "succeeded"]
