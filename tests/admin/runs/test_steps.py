from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from integrations.admin.runs import steps
from integrations.admin.runs.payloads import SHOWN_CHARACTERS
from integrations.definitions.feature import Feature
from integrations.models import Run
from tests.factories import RunFactory, RunLogFactory, StepFactory
from tests.factories.run import NOON

pytestmark = pytest.mark.django_db

WAIT = {"type": "wait", "event": "10"}
FEATURE = Feature.parse(
    {
        "tag": "sync",
        "sequence": [
            {"sequence_tag": "last", "parents": ["first", "second"], "events": [{**WAIT, "name": "done"}]},
            {"sequence_tag": "second", "events": [{**WAIT, "name": "b"}]},
            {"sequence_tag": "first", "events": [{**WAIT, "name": "a"}, {**WAIT, "name": "c"}]},
        ],
        "output": {},
    }
)


@pytest.fixture
def run() -> Run:
    return RunFactory.create(status=Run.Status.FAILED, started_at=NOON, finished_at=after(10))


def after(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


def step(run: Run, place: str, start: float, end: float | None, **columns: Any) -> Any:
    sequence, event = place.split("/")
    finished_at = None if end is None else after(end)
    status = columns.pop("status", "succeeded")
    times = {"started_at": after(start), "finished_at": finished_at}
    return StepFactory.create(run=run, sequence=sequence, event=event, status=status, **times, **columns)


def shown(run: Run, logs: Any = ()) -> list[steps.ShownSequence]:
    rows = steps.rows_of(run, limit=None)
    return steps.shown(run, rows, logs, feature=FEATURE, now=after(20))


def test_sequences_come_after_their_parents(run: Run) -> None:
    step(run, "first/a", 0, 1)

    assert [sequence.tag for sequence in shown(run)] == ["second", "first", "last"]


def test_events_without_a_step_are_named(run: Run) -> None:
    step(run, "first/a", 0, 1)

    assert {sequence.tag: sequence.not_reached for sequence in shown(run)} == {
        "first": ["c"],
        "second": ["b"],
        "last": ["done"],
    }


def test_attempts_stand_under_one_step(run: Run) -> None:
    step(run, "first/a", 0, 1, status="failed", error_code="http_503", attempt=1)
    step(run, "first/a", 2, 3, status="failed", error_code="http_503", attempt=2)
    step(run, "first/a", 5, 6, attempt=3)

    (only,) = next(sequence for sequence in shown(run) if sequence.tag == "first").steps

    assert [attempt.row.attempt for attempt in only.attempts] == [1, 2, 3]
    assert only.retried_after == "http_503"
    assert only.duration == dt.timedelta(seconds=6)


def test_iterations_and_roles_are_steps_of_their_own(run: Run) -> None:
    step(run, "first/a", 0, 1, iteration=0)
    step(run, "first/a", 1, 2, iteration=1)
    step(run, "first/a", 2, 3, role="rollback")

    names = [(each.name, each.row.role) for sequence in shown(run) for each in sequence.steps]

    assert names == [("a[0]", "event"), ("a[1]", "event"), ("a", "rollback")]


@pytest.mark.parametrize(
    ("start", "end", "place"),
    [
        (0, 10, (0, 1000)),
        (5, 7.5, (500, 250)),
        (10, 10, (994, 6)),
        (-1, 0, (0, 6)),
        (8, 30, (800, 200)),
        (5, None, (500, 500)),
    ],
)
def test_bar_lies_where_the_step_lay_in_the_run(
    run: Run, start: float, end: float | None, place: tuple[int, int]
) -> None:
    step(run, "first/a", start, end, status="succeeded" if end else "running")

    (bar,) = (bar for sequence in shown(run) for each in sequence.steps for bar in each.bars)

    assert (bar.x, bar.width) == place


def test_run_of_no_time_has_bars_all_the_same() -> None:
    run = RunFactory.create(succeeded=True)
    step(run, "first/a", 0, 0)

    (bar,) = (bar for sequence in shown(run) for each in sequence.steps for bar in each.bars)

    assert bar.width > 0


def test_long_value_is_cut_in_the_database(run: Run) -> None:
    step(run, "first/a", 0, 1, output={"text": "x" * 100_000}, input={"small": 0})

    (row,) = steps.rows_of(run, limit=None)
    (only,) = (each for sequence in shown(run) for each in sequence.steps)

    assert len(row.output_text) == SHOWN_CHARACTERS + 1  # type: ignore[attr-defined]  # annotated
    assert only.last.output is not None
    assert only.last.output.is_cut
    assert only.last.input is not None
    assert only.last.input.text == '{\n  "small": 0\n}'


def test_logs_stand_with_their_attempt(run: Run) -> None:
    row = step(run, "first/a", 0, 1)
    line = RunLogFactory.create(run=run, step=row, text="hello")

    (only,) = (each for sequence in shown(run, [line]) for each in sequence.steps)

    assert [log.text for log in only.last.logs] == ["hello"]


def test_error_in_a_function_names_its_line(run: Run) -> None:
    step(run, "first/a", 0, 1, status="failed", error_code="threw", error_line=3, error_column=7)

    (only,) = (each for sequence in shown(run) for each in sequence.steps)

    assert only.last.place_in_source == "line 3, column 7"
