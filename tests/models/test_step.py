from __future__ import annotations

import pytest
from django.db import IntegrityError

from integrations.models import Step
from tests.factories import RunLogFactory, StepFactory

pytestmark = pytest.mark.django_db


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
