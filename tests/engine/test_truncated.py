from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from integrations.definitions.truncation import is_truncated
from integrations.engine.executor import execute
from integrations.engine.records import Outcome
from integrations.types import JsonObject
from tests.engine.harness import Harness, action, release, sequence
from tests.fakes.clock import run

_MARK: JsonObject = {"truncated": True, "size_bytes": 300_000, "preview": '{"id":7'}
_PAUSE = {"type": "wait", "event": "pause", "input": {"seconds": 60}}


def _resumed(
    *events: dict[str, Any], first: dict[str, Any] | None = None, output: Any = None
) -> tuple[Outcome, Harness]:
    """Run an event, and the others after a pause, before which its results were stored truncated."""
    harness = Harness()
    harness.answer("large", {"id": 7})
    harness.answer("send", "sent")
    released = release(sequence("main", first or action("large"), _PAUSE, *events), output=output)
    harness.run(released, {"items": [1, 2]})
    harness.recorder.records = [
        dataclasses.replace(record, output=_MARK) if record.key.event == "large" and record.output else record
        for record in harness.recorder.records
    ]
    harness.clock.advance(60)
    return harness.resume(released, {"items": [1, 2]}), harness


def _condition(decision_type: str, subject: str = "$Sequence{main}{large}{other}", **more: Any) -> dict[str, Any]:
    return {"subject": subject, "decision_type": decision_type, **more}


@pytest.mark.parametrize(
    "reads",
    [
        {"input": {"body": "$Sequence{main}{large}{id}"}},
        {"input": {"body": "$Sequence{main}{large}"}},
        {"input": {"body": "$Sequence{main}{large}{preview}"}},
        {"input": {"body": "id: $Sequence{main}{large}{id}"}},
        {"input": {"body": "$Default($Sequence{main}{large}{other}, 1)"}},
        {"condition": _condition("exists")},
        {"condition": _condition("equals", value=7)},
        {"condition": {"type": "for_each", "subject": "$Sequence{main}{large}"}},
    ],
    ids=str,
)
def test_truncated_result_is_neither_sent_on_nor_decides(reads: dict[str, Any]) -> None:
    outcome, harness = _resumed(action("send", **reads))

    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.place) == ("truncated", "main/send")
    assert "300000 bytes" in outcome.error.message
    assert harness.actions.calls_of("send") == []


@pytest.mark.parametrize(
    "reads", ["$Sequence{main}{large}", "$Sequence{main}{large}{id}", {"a": "$Sequence{main}{large}"}]
)
def test_truncated_result_is_no_result_of_the_run(reads: Any) -> None:
    outcome, _ = _resumed(output=reads)

    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.place) == ("truncated", "output")


def test_truncated_result_that_nothing_reads_does_no_harm() -> None:
    outcome, _ = _resumed(action("send"), output="$Sequence{main}{send}")

    assert (outcome.status, outcome.output) == ("succeeded", "sent")


def test_truncated_result_of_an_iteration_makes_that_of_the_loop_unreadable_and_is_stored_as_a_mark() -> None:
    loop = {"type": "for_each", "subject": "$Input{items}"}
    harness = Harness()
    harness.answer("large", {"id": 7}, {"id": 8})
    released = release(
        sequence("main", action("large", condition=loop), action("send", input={"body": "$Sequence{main}{large}{[1]}"}))
    )
    harness.answer("send", "sent")
    harness.run(released, {"items": [1, 2]})
    # The process died behind the first iteration.
    first = next(record for record in harness.records("large") if record.key.iteration == 0)
    harness.recorder.records = [dataclasses.replace(first, output=_MARK)]

    outcome = harness.resume(released, {"items": [1, 2]})

    assert outcome.error is not None
    assert outcome.error.code == "truncated"
    whole_loop = [record for record in harness.records("large") if record.key.iteration is None]
    assert is_truncated(whole_loop[-1].output)


@pytest.mark.parametrize(("cap", "status"), [(None, "succeeded"), (8, "succeeded"), (7, "failed")])
def test_result_larger_than_the_cap_fails_the_run(cap: int | None, status: str) -> None:
    harness = Harness()
    harness.answer("large", {"id": 7})
    released = release(sequence("main", action("large")), output="$Sequence{main}{large}")
    context = dataclasses.replace(harness.context(released), output_cap_bytes=cap)
    outcome = run(execute(context), clock=harness.clock)

    assert outcome.status == status
    if outcome.error is not None:
        assert (outcome.error.code, outcome.error.place, outcome.output) == ("output_too_large", "output", None)
        assert "8 bytes" in outcome.error.message
