from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from integrations.definitions.approval import ApprovalRequest, Approvers
from integrations.engine.records import Outcome, RunError
from tests.engine.harness import Harness, action, release, sequence
from tests.fakes.clock import START


def _approval(**input: Any) -> dict[str, Any]:
    return {"type": "approval", "event": "ship_it", "input": {"title": "Ship it?", **input}}


def test_approval_parks_the_run_until_somebody_has_decided() -> None:
    harness = Harness()
    harness.answer("ship", 1)
    released = release(
        sequence("main", _approval(payload={"total": "$Input{total}"}), action("ship")),
        output="$Sequence{main}{ship_it}",
    )

    assert harness.run(released, {"total": 5}) == Outcome(status="waiting", due_at=None)
    assert harness.called() == []
    assert harness.approvals.requests == {"main/ship_it": ApprovalRequest(title="Ship it?", payload={"total": 5})}
    [record] = harness.records("ship_it")
    assert (record.status, record.reason) == ("waiting", 'waits for the approval "Ship it?"')

    harness.clock.advance(60)
    harness.approvals.decide("main/ship_it", "approved", reason="looks fine")
    outcome = harness.resume(released)

    at = "2026-01-01T12:01:00+00:00"
    assert outcome.output == {"decision": "approved", "by": "ada", "reason": "looks fine", "at": at}
    assert harness.called() == ["ship"]
    record = harness.records("ship_it")[-1]
    assert record.reason == "approved by ada: looks fine"
    assert record.input == {"title": "Ship it?", "payload": {"total": 5}}


def test_run_that_is_woken_for_something_else_parks_again() -> None:
    harness = Harness()
    released = release(sequence("main", _approval(title="Ship $Input{what}?")))
    harness.run(released, {"what": "chairs"})

    assert harness.resume(released, {"what": "chairs"}).status == "waiting"
    assert harness.resume(released).status == "waiting"  # nothing is resolved again
    assert harness.records("ship_it")[-1].input == {"title": "Ship chairs?"}


def test_rejection_fails_the_event() -> None:
    harness = Harness()
    released = release(sequence("main", _approval() | {"retries": 3}))
    harness.run(released)

    harness.approvals.decide("main/ship_it", "rejected", reason="too dear")

    error = RunError(code="rejected", message="rejected by ada: too dear", place="main/ship_it")
    assert harness.resume(released) == Outcome(status="failed", error=error)


def test_approval_that_nobody_decides_expires() -> None:
    harness = Harness()
    released = release(sequence("main", _approval(expires_in=60)))

    assert harness.run(released).due_at == START + dt.timedelta(seconds=60)
    harness.clock.advance(60)

    outcome = harness.resume(released)
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.message) == ("expired", "nobody decided until 2026-01-01T12:01:00+00:00")


def test_rejection_may_have_a_fallback() -> None:
    harness = Harness()
    harness.answer("tell", "told")
    event = _approval() | {"fallback": action("tell", input={"body": {"why": "$Response{error}{code}"}})}
    released = release(sequence("main", event), output="$Sequence{main}{ship_it}")
    harness.run(released)
    harness.approvals.decide("main/ship_it", "rejected")

    assert harness.resume(released).output == "told"
    assert harness.actions.calls[0].body == {"why": "rejected"}


def test_approval_may_fail() -> None:
    harness = Harness()
    harness.answer("next", 1)
    released = release(sequence("main", _approval() | {"allow_fail": True}, action("next")))
    harness.run(released)
    harness.approvals.decide("main/ship_it", "rejected")

    assert harness.resume(released).status == "succeeded"


def test_secrets_are_not_shown_to_whoever_decides() -> None:
    harness = Harness(secrets={"key": "hush-hush"})

    harness.run(release(sequence("main", _approval(payload=["$Secret{key}"]))))

    assert harness.approvals.requests["main/ship_it"].payload == ["[redacted]"]


def test_loop_asks_for_each_item_as_many_at_once_as_it_may() -> None:
    harness = Harness()
    each = {"type": "for_each", "subject": [1, 2, 3], "parallel": 2}
    released = release(sequence("main", _approval(title="Ship $Item?") | {"condition": each}))

    harness.run(released)
    assert [each.title for each in harness.approvals.requests.values()] == ["Ship 1?", "Ship 2?"]

    harness.approvals.decide("main/ship_it[1]", "approved")
    harness.resume(released)
    assert list(harness.approvals.requests) == ["main/ship_it[0]", "main/ship_it[1]", "main/ship_it[2]"]


@pytest.mark.parametrize(
    ("input", "place"),
    [
        ({"title": ""}, "input/title"),
        ({"title": "$Input{number}"}, "input/title"),
        ({"expires_in": "$Input{number}"}, "input/expires_in"),
        ({"approvers": {"user": ["ada"]}}, "input/approvers/user"),
    ],
)
def test_request_that_is_none_is_refused_at_its_place(input: dict[str, Any], place: str) -> None:
    harness = Harness()

    outcome = harness.run(release(sequence("main", _approval(**input))), {"number": -1})

    assert outcome.error is not None
    assert outcome.error.code == "bad_input"
    assert outcome.error.message.startswith(f"{place}: ")
    assert harness.approvals.requests == {}


def test_null_stands_for_what_is_left_out() -> None:
    harness = Harness()

    harness.run(release(sequence("main", _approval(approvers="$Input{who}", expires_in="$Input{none}"))), {
        "who": {"groups": ["Managers"]}, "none": None,
    })  # fmt: skip

    request = harness.approvals.requests["main/ship_it"]
    assert (request.approvers, request.expires_in) == (Approvers(groups=("Managers",)), None)


def test_cache_is_never_asked_for_a_decision() -> None:
    harness = Harness()
    released = release(sequence("main", _approval() | {"cache": "hourly"}))
    harness.run(released)
    harness.approvals.decide("main/ship_it", "approved")

    assert harness.resume(released).status == "succeeded"
    assert harness.result_cache.entries == {}
