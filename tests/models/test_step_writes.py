from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from integrations.models import NO_ITERATION, Run, Step, step_writes
from tests.factories import RunFactory, StepFactory
from tests.factories.run import NOON

pytestmark = pytest.mark.django_db


def written(run: Run, **changes: Any) -> step_writes.Parameters:
    """Return one turn of a step as it stands in the factory's row, with these changes."""
    turn = StepFactory.build(run=run, sequence="fetch", event="get", position=0, started_at=NOON)
    columns = {field.name: getattr(turn, field.attname) for field in Step._meta.concrete_fields}
    return step_writes.parameters({**columns, **changes})


def test_second_turn_of_an_attempt_replaces_the_first_and_keeps_its_position() -> None:
    run = RunFactory.create(running=True)
    step_writes.store([written(run, position=4, status="running", reason="started")])

    step_writes.store([written(run, position=7, status="succeeded", output={"b": 1, "a": 0}, finished_at=NOON)])

    [step] = run.steps.all()
    assert (step.position, step.status, step.reason, step.finished_at) == (4, "succeeded", "", NOON)
    assert list(step.output) == ["b", "a"]


@pytest.mark.parametrize("other", [{"iteration": 0}, {"attempt": 2}, {"role": "fallback"}])
def test_another_iteration_attempt_or_role_is_another_step(other: dict[str, Any]) -> None:
    run = RunFactory.create(running=True)

    step_writes.store([written(run), written(run, position=1, **other)])

    assert [step.position for step in run.steps.in_order()] == [0, 1]


def test_primary_keys_find_each_step_by_what_tells_it_apart() -> None:
    run = RunFactory.create(running=True)
    step_writes.store([written(run, attempt=attempt) for attempt in (1, 2)])

    keys = Step.objects.primary_keys([(run.pk, "fetch", "get", "event", NO_ITERATION, 2)])

    assert keys[run.pk, "fetch", "get", "event", NO_ITERATION, 2] == run.steps.get(attempt=2).pk


def test_postgresql_prepares_the_statement_once() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite tells nobody what it has prepared")
    run = RunFactory.create(running=True)

    step_writes.store([written(run, attempt=attempt) for attempt in (1, 2)])
    step_writes.store([written(run, attempt=3)])

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["INSERT INTO %_step%"])
        assert cursor.fetchone() == (1,)
    assert run.steps.count() == 3


def test_what_the_database_refuses_is_an_error_of_djangos() -> None:
    run = RunFactory.create(running=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        step_writes.store([written(run, status=None)])

    assert not run.steps.exists()
