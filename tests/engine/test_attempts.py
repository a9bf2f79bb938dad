from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from integrations.connectors.base import Reply
from integrations.connectors.http.errors import HttpStatusError
from integrations.engine.records import Outcome
from integrations.errors import ConnectorError, SandboxError
from tests.engine.harness import Harness, action, function, release, sequence
from tests.fakes.clock import START
from tests.fakes.connectors import after

_DOWN = HttpStatusError("down", status=503)
_AUTHORIZED = {"headers": {"Authorization": "Bearer $Auth{login}{token}"}}


def test_failed_attempts_are_recorded_and_tried_again() -> None:
    harness = Harness()
    harness.answer("create", _DOWN, _DOWN, {"id": 7})
    released = release(sequence("main", action("create", retries=2)), output="$Sequence{main}{create}{id}")

    outcome = harness.run(released)

    assert outcome.output == 7
    assert harness.statuses("create") == ["failed", "failed", "succeeded"]
    assert [record.attempt for record in harness.records("create")] == [1, 2, 3]
    assert [record.reason for record in harness.records("create")] == [
        "retry 1 of 2 in 0.5 s",
        "retry 2 of 2 in 1 s",
        "",
    ]
    assert harness.clock.slept == [0.5, 1.0]


def test_all_attempts_carry_the_same_idempotency_key_and_other_steps_another() -> None:
    harness = Harness()
    harness.answer("create", _DOWN, {"id": 7})
    harness.answer("send", None)

    harness.run(release(sequence("main", action("create", retries=1), action("send"))))

    first, second, other = (call.idempotency_key for call in harness.actions.calls)
    assert first == second != other
    assert all(record.idempotency_key == first for record in harness.records("create"))


def test_no_retries_means_none_even_when_the_app_says_otherwise() -> None:
    harness = Harness()
    harness.answer("create", _DOWN)

    outcome = harness.run(release(sequence("main", action("create", retries=0)), retries={"max": 5}))

    assert outcome.status == "failed"
    assert len(harness.actions.calls) == 1


def test_retries_of_the_app_apply_to_its_actions() -> None:
    harness = Harness()
    harness.answer("create", _DOWN)

    harness.run(release(sequence("main", action("create")), retries={"max": 2, "delay": 0}))

    assert len(harness.actions.calls) == 3


def test_error_of_the_caller_is_not_retried() -> None:
    harness = Harness()
    harness.answer("create", HttpStatusError("no such order", status=404))

    harness.run(release(sequence("main", action("create", retries=5))))

    assert len(harness.actions.calls) == 1


def test_long_wait_parks_the_run_until_the_retry_is_due() -> None:
    harness = Harness()
    harness.answer("create", HttpStatusError("busy", status=429, retry_after_seconds=600), {"id": 7})
    released = release(sequence("main", action("create", retries=1)), output="$Sequence{main}{create}{id}")

    outcome = harness.run(released)

    assert outcome == Outcome(status="waiting", due_at=START + dt.timedelta(seconds=600))
    (record,) = harness.records("create")
    assert (record.status, record.attempt, record.due_at) == ("waiting", 1, outcome.due_at)
    assert record.error is not None
    assert record.error.code == "http_429"
    assert record.reason == "retry 1 of 1 in 600 s, as Retry-After asks"

    harness.clock.advance(600)

    assert harness.resume(released).output == 7
    assert [(record.attempt, record.status) for record in harness.records("create")] == [
        (1, "waiting"),
        (1, "failed"),
        (2, "succeeded"),
    ]
    waited, failed, _ = harness.records("create")
    assert failed == dataclasses.replace(waited, status="failed", due_at=None)


def test_parked_run_that_is_executed_too_early_parks_again() -> None:
    harness = Harness()
    harness.answer("create", HttpStatusError("busy", status=429, retry_after_seconds=600), {"id": 7})
    released = release(sequence("main", action("create", retries=1)))
    first = harness.run(released)
    harness.clock.advance(300)

    assert harness.resume(released) == first
    assert len(harness.actions.calls) == 1


def test_retries_that_are_used_up_stay_used_up_after_a_restart() -> None:
    harness = Harness()
    harness.answer("create", HttpStatusError("busy", status=429, retry_after_seconds=600))
    released = release(sequence("main", action("create", retries=2)))

    outcomes = [harness.run(released).status]
    for _ in range(2):
        harness.clock.advance(600)
        outcomes.append(harness.resume(released).status)

    assert outcomes == ["waiting", "waiting", "failed"]
    assert len(harness.actions.calls) == 3


def test_attempt_that_was_cut_off_is_made_again_under_its_number_and_key() -> None:
    harness = Harness()
    harness.answer("create", {"id": 7})
    released = release(sequence("main", action("create", retries=0)))
    harness.run(released)
    harness.recorder.records = [record for record in harness.recorder.records if record.status == "running"]

    assert harness.resume(released).status == "succeeded"
    assert [record.attempt for record in harness.records("create")] == [1]
    first, second = (call.idempotency_key for call in harness.actions.calls)
    assert first == second


def test_what_was_changed_in_an_answer_is_told_without_secrets() -> None:
    harness = Harness()
    harness.actions.tokens = [{"token": "old-token"}]
    notes = ("the number old-token is too large for one and is kept as text", 'the key "id" comes twice in the body')
    harness.answer("create", Reply(status=200, body={"id": 7}, notes=notes))

    harness.run(release(sequence("main", action("create", input=_AUTHORIZED))))

    assert harness.records("create")[-1].reason == (
        'the number [redacted] is too large for one and is kept as text; the key "id" comes twice in the body'
    )


def test_refused_token_is_fetched_again_once_and_costs_no_retry() -> None:
    harness = Harness()
    harness.actions.tokens = [{"token": "old-token"}, {"token": "new-token"}]
    harness.answer("create", HttpStatusError("who?", status=401), {"id": 7})
    released = release(sequence("main", action("create", retries=0, input=_AUTHORIZED)))

    outcome = harness.run(released)

    assert outcome.status == "succeeded"
    assert [call.headers["Authorization"] for call in harness.actions.calls] == ["Bearer old-token", "Bearer new-token"]
    assert harness.actions.token_requests == [None, {"token": "old-token"}]
    assert [(record.attempt, record.reason) for record in harness.records("create")] == [
        (1, "the token was refused, so a fresh one was fetched")
    ]
    assert "token" not in repr([record.input for record in harness.recorder.records])


def test_token_that_is_refused_twice_fails() -> None:
    harness = Harness()
    harness.actions.tokens = [{"token": "old-token"}, {"token": "new-token"}]
    harness.answer("create", HttpStatusError("who?", status=401))

    outcome = harness.run(release(sequence("main", action("create", retries=3, input=_AUTHORIZED))))

    assert outcome.error is not None
    assert outcome.error.code == "http_401"
    assert len(harness.actions.calls) == 2


@pytest.mark.parametrize(("mapping", "tokens"), [({}, []), (_AUTHORIZED, [{"token": "the-only-one"}])])
def test_refusal_without_a_fresh_token_is_not_tried_again(mapping: dict[str, object], tokens: list[object]) -> None:
    harness = Harness()
    harness.actions.tokens = tokens  # type: ignore[assignment]  # plain JSON
    harness.answer("create", HttpStatusError("who?", status=401))

    harness.run(release(sequence("main", action("create", input=mapping))))

    assert len(harness.actions.calls) == 1


def test_attempt_that_takes_too_long_is_tried_again() -> None:
    harness = Harness()
    harness.answer("create", after(60, None), {"id": 7})

    outcome = harness.run(release(sequence("main", action("create", timeout=5, retries=1))))

    assert outcome.status == "succeeded"
    first, second = harness.records("create")
    assert first.error is not None
    assert (first.error.code, first.error.message) == ("timeout", "it took longer than its 5 s")
    assert second.status == "succeeded"
    assert harness.actions.calls[0].timeout_seconds == 5


def test_attempt_that_may_have_worked_is_not_repeated_unless_the_action_is_idempotent() -> None:
    harness = Harness()
    harness.answer("create", after(60, None))

    harness.run(
        release(sequence("main", action("create", timeout=5, retries=3)), actions={"create": {"method": "POST"}})
    )

    assert len(harness.actions.calls) == 1


@pytest.mark.parametrize(
    ("code", "timeout", "attempts"), [("crashed", None, 2), ("threw", None, 1), ("timeout", None, 1), ("timeout", 5, 2)]
)
def test_function_is_retried_when_its_process_died_or_the_event_limits_its_time(
    code: str, timeout: float | None, attempts: int
) -> None:
    harness = Harness()

    def fail(_: object) -> None:
        raise SandboxError("no", code=code)

    harness.answer_function("sum", fail)
    event = function("sum", retries=1) | ({"timeout": timeout} if timeout else {})

    harness.run(release(sequence("main", event)))

    assert len(harness.functions.calls) == attempts


def test_status_with_its_own_limit_keeps_it_across_restarts() -> None:
    harness = Harness()
    harness.answer("create", HttpStatusError("busy", status=429, retry_after_seconds=600))
    policy = {"policy": {"429": {"available": 1}}}
    released = release(sequence("main", action("create", retries=9, retry=policy)))
    harness.run(released)
    harness.clock.advance(600)

    assert harness.resume(released).status == "failed"
    assert len(harness.actions.calls) == 2


@pytest.mark.parametrize("lag", [0, 60_000])
def test_retries_of_each_status_are_counted_alike_whether_the_run_parks_between_them(lag: int) -> None:
    broken, busy = HttpStatusError("broken", status=500), HttpStatusError("busy", status=429)
    harness = Harness()
    harness.answer("create", broken, broken, broken, busy, busy, {"id": 7})
    policy = {"500": {"available": 3, "lag": lag}, "429": {"available": 2, "lag": lag}}
    released = release(sequence("main", action("create", retries=9, retry={"policy": policy})))

    outcome = harness.run(released)
    while outcome.status == "waiting":
        harness.clock.advance(60)
        outcome = harness.resume(released)

    assert outcome.status == "succeeded"
    assert len(harness.called()) == 6


def test_retries_of_a_status_that_came_before_another_one_stay_used_up() -> None:
    broken, busy = HttpStatusError("broken", status=500), HttpStatusError("busy", status=429)
    harness = Harness()
    harness.answer("create", broken, busy, broken)
    policy = {"500": {"available": 1, "lag": 0}, "429": {"available": 2, "lag": 60_000}}
    released = release(sequence("main", action("create", retries=9, retry={"policy": policy})))
    harness.run(released)
    harness.clock.advance(60)

    assert harness.resume(released).status == "failed"
    assert len(harness.called()) == 3


def test_reply_may_bring_secrets_of_its_own() -> None:
    harness = Harness()
    harness.answer("create", Reply(status=200, body={"echo": "s3cr3t-of-oauth"}, secrets=("s3cr3t-of-oauth",)))

    harness.run(release(sequence("main", action("create"))))

    assert harness.records("create")[0].output == {"echo": "[redacted]"}


def test_error_of_the_connection_before_sending_is_retried_for_any_method() -> None:
    harness = Harness()
    harness.answer("create", ConnectorError("refused", code="connection_failed", retryable=True), None)

    outcome = harness.run(
        release(sequence("main", action("create", retries=1)), actions={"create": {"method": "POST"}})
    )

    assert outcome.status == "succeeded"
