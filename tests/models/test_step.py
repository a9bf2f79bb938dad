from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from integrations.models import Run, Step
from tests.factories import RunFactory, RunLogFactory, StepFactory
from tests.factories.run import NOON

pytestmark = pytest.mark.django_db


def _put(
    run: Run, *, position: int = 0, iteration: int | None = None, attempt: int = 1, **columns: Any
) -> tuple[Step, bool]:
    key: dict[str, Any] = {"sequence": "fetch", "event": "get", "role": "event"}
    turn = {"type": "action", "target": "get", "status": "running", "started_at": NOON, **columns}
    return Step.objects.put(run=run, position=position, iteration=iteration, attempt=attempt, **key, **turn)


def test_put_again_replaces_the_turn_and_keeps_its_position() -> None:
    run = RunFactory.create(running=True)
    first, was_new = _put(run, position=4, reason="started")

    second, is_new = _put(run, position=7, status="succeeded", output={"b": 1, "a": 0}, finished_at=NOON)

    second.refresh_from_db()
    assert (was_new, is_new, second.pk) == (True, False, first.pk)
    assert (second.position, second.status, second.reason) == (4, "succeeded", "started")
    assert list(second.output) == ["b", "a"]


@pytest.mark.parametrize("other", [{"iteration": 0}, {"attempt": 2}])
def test_put_of_another_iteration_or_attempt_is_another_step(other: dict[str, int]) -> None:
    run = RunFactory.create(running=True)
    _put(run)

    _, is_new = _put(run, position=1, **other)

    assert is_new
    assert [step.position for step in run.steps.in_order()] == [0, 1]


def test_second_step_outside_loops_is_refused() -> None:
    step = StepFactory.create()

    with pytest.raises(IntegrityError):
        StepFactory.create(run=step.run, event=step.event)


@pytest.mark.parametrize("values", [{"iteration": -2}, {"attempt": 0}])
def test_step_of_impossible_numbers_is_refused(values: dict[str, int]) -> None:
    with pytest.raises(IntegrityError):
        StepFactory.create(**values)


def test_delete_of_a_run_takes_steps_and_logs_along() -> None:
    step = StepFactory.create()
    RunLogFactory.create(run=step.run, step=step)

    step.run.delete()

    assert not Step.objects.exists()
