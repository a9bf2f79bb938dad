from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from integrations import models
from integrations.connectors.base import LogLine
from integrations.engine.records import Role, StepError, StepKey, StepRecord
from integrations.management import timeline
from integrations.operations import runs
from integrations.types import Json, JsonObject
from tests.scenes.nesting import made_of, make_nest, start

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def record(*, iteration: int | None = None, role: Role = "event", **fields: Any) -> StepRecord:
    key = StepKey(sequence="order", event="pay", iteration=iteration, role=role)
    finished_at = NOON + dt.timedelta(milliseconds=12.34)
    values = {"type": "action", "target": "pay", "status": "succeeded", "finished_at": finished_at, **fields}
    return StepRecord(key=key, started_at=NOON, **{"attempt": 1, "app": "shop", **values})


def ended(status: str, **fields: Any) -> str:
    return timeline.ending(models.Run(status=status, **fields))


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (record(), ["order/pay", "action", "succeeded", "12.3", "ms"]),
        (record(attempt=3), ["order/pay", "(attempt", "3)", "action", "succeeded", "12.3", "ms"]),
        (record(iteration=0), ["order/pay[0]", "action", "succeeded", "12.3", "ms"]),
        (record(role="rollback"), ["order/pay", "rollback", "action", "succeeded", "12.3", "ms"]),
        (
            record(status="skipped", reason="1 is not 2"),
            ["order/pay", "action", "skipped", "12.3", "ms", *["1", "is", "not", "2"]],
        ),
        (record(status="waiting", finished_at=None, reason="later"), ["order/pay", "action", "waiting", "later"]),
        (
            record(status="failed", error=StepError(code="http_503", message="busy"), reason="retry 1 of 2"),
            ["order/pay", "action", "failed", "12.3", "ms", "busy"],
        ),
    ],
)
def test_step_is_one_line_of_place_kind_status_duration_and_why(step: StepRecord, words: list[str]) -> None:
    line = timeline.step_line(step)

    assert line.split() == words
    assert "\n" not in line


def test_printer_shows_each_step_once_it_has_come_to_something_and_what_it_logged() -> None:
    written: list[str] = []
    show = timeline.printer(written.append)

    show(record(status="running", finished_at=None))
    show(record(logs=(LogLine("log", "first"), LogLine("error", "second"))))

    assert [line.split()[0] for line in written] == ["order/pay", "log:", "error:"]
    assert written[1] == "      log: first"


def test_nothing_that_is_shown_controls_the_terminal() -> None:
    written: list[str] = []
    evil = "a\x1b[2Jb\r\nc\x9bd\u202e"

    error = StepError(code="http_400", message=evil)
    timeline.printer(written.append)(record(status="failed", error=error, logs=(LogLine("log", evil),)))
    written.append(ended("failed", error_message=evil))
    written.append(ended("succeeded", output=evil).replace("\n", ""))

    assert all(line.isprintable() for line in written)


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ({"a": [0]}, 'succeeded\n{\n  "a": [\n    0\n  ]\n}'),
        (None, "succeeded\nnull"),
        ("Grüße\x9b", 'succeeded\n"Grüße\\u009b"'),
    ],
)
def test_run_that_succeeded_ends_with_its_output(output: Json, shown: str) -> None:
    assert ended("succeeded", output=output) == shown


def test_run_that_did_not_succeed_ends_with_why_and_where() -> None:
    assert ended("failed", error_place="order/pay", error_message="busy") == "failed at order/pay: busy"
    assert ended("failed", error_message="the output cannot be made:") == "failed: the output cannot be made:"
    assert ended("cancelled") == "cancelled"


@pytest.mark.django_db
def test_run_that_waits_ends_with_until_when_and_how_it_goes_on() -> None:
    run = models.Run(status="waiting", due_at=NOON)

    assert timeline.ending(run) == (
        f"waiting until 2026-01-01T12:00:00+00:00; a worker goes on with it, or: manage.py resume_run {run.pk}"
    )
    run.due_at = None
    assert timeline.ending(run).startswith("waiting; a worker goes on with it")


@pytest.mark.django_db(transaction=True)
def test_run_that_waits_for_people_ends_with_what_they_are_asked() -> None:
    asking: JsonObject = {"type": "approval", "event": "boss", "input": {"title": "Pay\n?"}}
    run = runs.execute(start(make_nest(made_of("pay", asking)), "pay"))

    assert timeline.ending(run).startswith('waiting (waits for the approval "Pay ?"); a worker goes on with it')
