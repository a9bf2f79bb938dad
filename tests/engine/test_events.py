from __future__ import annotations

from typing import Any

import pytest

from integrations.connectors.http.errors import HttpStatusError
from integrations.engine.records import RunError
from integrations.errors import SandboxError
from tests.engine.harness import Harness, action, function, release, sequence

_REFUSED = HttpStatusError("no stock", status=409)


def test_condition_that_does_not_hold_skips_the_event_and_says_why() -> None:
    harness = Harness()
    condition = {"subject": "$Input{total}", "decision_type": "greater-than", "value": 10}
    released = release(
        sequence("main", action("pay", condition=condition)), output='$Default($Sequence{main}{pay}, "none")'
    )

    outcome = harness.run(released, {"total": 3})

    assert outcome.output == "none"
    assert harness.called() == []
    (record,) = harness.records("pay")
    assert (record.status, record.reason) == (
        "skipped",
        "condition: $Input{total} (3) greater-than 10 is false",
    )


def test_result_of_a_skipped_event_is_missing() -> None:
    harness = Harness()
    condition = {"subject": "$Input{total}", "decision_type": "exists"}
    released = release(sequence("main", action("pay", condition=condition)), output="$Sequence{main}{pay}")

    outcome = harness.run(released)

    assert outcome.error is not None
    assert outcome.error.code == "unresolved"


@pytest.mark.parametrize(("total", "calls"), [(0, ["pay"]), (None, [])])
def test_condition_on_zero_finds_it_there(total: Any, calls: list[str]) -> None:
    harness = Harness()
    harness.answer("pay", None)
    condition = {"subject": "$Input{total}", "decision_type": "exists"}

    harness.run(release(sequence("main", action("pay", condition=condition))), {"total": total})

    assert harness.called() == calls


def test_condition_that_cannot_be_decided_fails_the_event() -> None:
    harness = Harness()
    condition = {"subject": "$Input{total}", "decision_type": "less-than", "value": "10"}

    outcome = harness.run(release(sequence("main", action("pay", condition=condition))), {"total": 3})

    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.place) == ("bad_condition", "main/pay")
    assert harness.statuses("pay") == ["failed"]


def test_condition_on_a_secret_shows_neither_value() -> None:
    harness = Harness(secrets={"pin": "42"})

    harness.run(release(sequence("main", action("pay", condition={"subject": "$Secret{pin}", "value": "41"}))))

    assert harness.records("pay")[0].reason == "condition: $Secret{pin} equals a hidden value is false"


def test_event_that_may_fail_is_recorded_as_failed_and_the_run_goes_on_without_its_result() -> None:
    harness = Harness()
    harness.answer("notify", _REFUSED)
    harness.answer("next", 1)
    released = release(
        sequence("main", action("notify", allow_fail=True), action("next")),
        output={"next": "$Sequence{main}{next}", "notify": "$Default($Sequence{main}{notify}, null)"},
    )

    outcome = harness.run(released)

    assert outcome.output == {"next": 1, "notify": None}
    assert [(record.status, record.reason) for record in harness.records("notify")] == [
        ("failed", "allowed to fail: the run goes on without its result")
    ]


def test_fallback_runs_in_place_of_the_failed_event_after_its_retries() -> None:
    harness = Harness()
    harness.answer("pay", HttpStatusError("down", status=503))
    harness.answer_function("book", lambda value: {"booked": value["why"]})
    fallback = function("book", input={"why": "$Response{error}{code}"})
    released = release(
        sequence("main", action("pay", retries=1, fallback=fallback)), output="$Sequence{main}{pay}{booked}"
    )

    outcome = harness.run(released)

    assert outcome.output == "http_503"
    assert harness.called() == ["pay", "pay"]
    assert harness.records("pay")[-1].reason == 'falls back to function "book"'
    (record,) = harness.records("pay", role="fallback")
    assert (record.target, record.status) == ("book", "succeeded")


def test_fallbacks_are_tried_one_behind_the_other() -> None:
    harness = Harness()
    harness.answer("a", HttpStatusError("a", status=400))
    harness.answer("b", HttpStatusError("b", status=400))
    harness.answer("c", {"by": "c"})
    chain = action("a", fallback=action("b", fallback=action("b", fallback=action("c"))))

    outcome = harness.run(release(sequence("main", chain), output="$Sequence{main}{a}{by}"))

    assert outcome.output == "c"
    assert harness.called() == ["a", "b", "b", "c"]
    keys = {(record.key.event, record.key.role) for record in harness.recorder.records}
    assert keys == {("a", "event"), ("a", "fallback"), ("a~2", "fallback"), ("a~3", "fallback")}


def test_failed_fallback_fails_the_run_with_its_own_error() -> None:
    harness = Harness()
    harness.answer("a", HttpStatusError("a", status=400))
    harness.answer("b", HttpStatusError("b", status=404))

    outcome = harness.run(release(sequence("main", action("a", fallback=action("b")))))

    assert outcome.error is not None
    assert outcome.error == RunError(
        code="http_404",
        message='fallback action "b" of main/a failed: b; it stood in after: a',
        place="main/a",
    )


def test_failed_chain_of_fallbacks_tells_all_that_failed() -> None:
    harness = Harness()
    harness.answer("a", HttpStatusError("no a", status=400))
    harness.answer("b", HttpStatusError("no b", status=400))
    harness.answer_function("c", _threw)
    each = {"type": "for_each", "subject": [1, 2]}
    chain = action("a", condition=each, fallback=action("b", fallback=function("c", name="last")))

    outcome = harness.run(release(sequence("main", chain)))

    assert outcome.error == RunError(
        code="threw",
        message='fallback function "last" of main/a failed: Error: boom; it stood in after: no b; no a',
        place="main/a~2",
    )


def _threw(_input: object) -> object:
    raise SandboxError("Error: boom", code="threw")


def test_fallback_whose_condition_does_not_hold_leaves_the_failure_as_it_is() -> None:
    harness = Harness()
    harness.answer("a", HttpStatusError("a", status=400))
    condition = {"subject": "$Response{error}{code}", "value": "http_404"}

    outcome = harness.run(release(sequence("main", action("a", fallback=action("b", condition=condition)))))

    assert outcome.error is not None
    assert outcome.error.code == "http_400"
    assert harness.statuses("a", role="fallback") == ["skipped"]


@pytest.mark.parametrize("where", ["event", "fallback"])
def test_event_that_may_fail_tries_its_fallback_first(where: str) -> None:
    harness = Harness()
    harness.answer("a", _REFUSED)
    harness.answer("b", _REFUSED)
    chain = action("a", fallback=action("b", allow_fail=where == "fallback"), allow_fail=where == "event")

    assert harness.run(release(sequence("main", chain))).status == "succeeded"
    assert harness.called() == ["a", "b"]


def test_mapping_that_cannot_be_resolved_fails_the_event_before_any_call() -> None:
    harness = Harness()

    outcome = harness.run(release(sequence("main", action("a", input={"body": {"x": "$Input{x}"}}, retries=3))))

    assert outcome.error is not None
    assert outcome.error.code == "unresolved"
    assert "body/x" in outcome.error.message
    assert harness.called() == []
    assert harness.statuses("a") == ["failed"]
