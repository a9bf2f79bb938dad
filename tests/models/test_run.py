from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db.models import ProtectedError
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from integrations.models import Feature, Run
from integrations.models.run_states import FINAL, TRANSITIONS, RunStatus
from tests.factories import RunFactory
from tests.factories.run import NOON

HOUR = dt.timedelta(hours=1)


class TransitionTest(TestCase):
    """A class, since only Hypothesis's own rolls the database back after each example."""

    @given(path=st.lists(st.sampled_from(RunStatus), max_size=12))
    def test_any_path_of_changes_follows_the_table_and_holds_the_constraints(self, path: list[RunStatus]) -> None:
        run = RunFactory.create()
        expected = RunStatus.QUEUED

        for to in path:
            if to in TRANSITIONS[expected]:
                assert Run.objects.transition(run.pk, from_=expected, to=to)
                expected = to
            else:
                with pytest.raises(ValueError, match="does not become"):
                    Run.objects.transition(run.pk, from_=expected, to=to)
            run.refresh_from_db()
            assert run.status == expected
            assert (run.finished_at is not None) == run.is_final == (expected in FINAL)


@pytest.mark.django_db
def test_transition_of_a_run_that_moved_on_changes_nothing() -> None:
    run = RunFactory.create(succeeded=True)

    changed = Run.objects.transition(run.pk, from_=Run.Status.RUNNING, to=Run.Status.FAILED, error_code="late")

    run.refresh_from_db()
    assert not changed
    assert (run.status, run.error_code, run.finished_at) == ("succeeded", "", NOON)


@pytest.mark.django_db
def test_transition_of_two_claims_lets_one_win() -> None:
    run = RunFactory.create()

    claims = [Run.objects.transition(run.pk, from_=Run.Status.QUEUED, to=Run.Status.RUNNING) for _ in range(2)]

    assert claims == [True, False]


@pytest.mark.django_db
def test_transition_from_several_states_takes_any_of_them() -> None:
    waiting, queued = RunFactory.create(waiting=True), RunFactory.create()
    sources = {Run.Status.WAITING, Run.Status.QUEUED}

    assert Run.objects.transition(waiting.pk, from_=sources, to=Run.Status.CANCELLED)
    assert Run.objects.transition(queued.pk, from_=sources, to=Run.Status.CANCELLED)


@pytest.mark.django_db
def test_transition_under_a_condition_asks_for_it_too() -> None:
    run = RunFactory.create(running=True, fence=2)

    old_holder = Run.objects.filter(fence=1).transition(run.pk, from_=Run.Status.RUNNING, to=Run.Status.SUCCEEDED)
    holder = Run.objects.filter(fence=2).transition(run.pk, from_=Run.Status.RUNNING, to=Run.Status.SUCCEEDED)

    assert (old_holder, holder) == (False, True)


@pytest.mark.django_db
def test_transition_to_running_again_keeps_the_first_start() -> None:
    run = RunFactory.create(waiting=True)

    Run.objects.transition(run.pk, from_=Run.Status.WAITING, to=Run.Status.RUNNING, now=NOON + HOUR)

    run.refresh_from_db()
    assert (run.started_at, run.updated_at) == (NOON, NOON + HOUR)


@pytest.mark.django_db
def test_transition_to_an_end_stores_the_result_and_lets_go_of_the_lease() -> None:
    run = RunFactory.create(running=True, worker="w1", lease_until=NOON)

    Run.objects.transition(
        run.pk, from_=Run.Status.RUNNING, to=Run.Status.SUCCEEDED, now=NOON + HOUR, output={"b": 0, "a": None}
    )

    run.refresh_from_db()
    assert (run.worker, run.lease_until) == ("", None)
    assert (list(run.output), run.duration) == (["b", "a"], HOUR)


@pytest.mark.django_db
def test_due_returns_what_a_worker_may_take_up() -> None:
    due = {RunFactory.create(), RunFactory.create(status="scheduled"), RunFactory.create(waiting=True)}
    RunFactory.create(due_at=NOON + HOUR)
    RunFactory.create(waiting=True, due_at=None)
    RunFactory.create(running=True)
    RunFactory.create(failed=True)

    assert set(Run.objects.due(NOON)) == due


@pytest.mark.django_db
def test_due_reads_the_partial_index() -> None:
    sql, parameters = Run.objects.due(NOON).order_by("due_at").query.sql_with_params()
    explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "SET LOCAL enable_seqscan = off; EXPLAIN "

    with connection.cursor() as cursor:
        for statement in explain.split("; ")[:-1]:
            cursor.execute(statement)
        cursor.execute(explain.split("; ")[-1] + sql, parameters)
        plan = str(cursor.fetchall())

    assert "run_queue" in plan


@pytest.mark.django_db
def test_unfinished_leaves_out_what_has_ended() -> None:
    open_run = RunFactory.create()
    RunFactory.create(succeeded=True)

    assert list(Run.objects.unfinished()) == [open_run]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        {"status": "lost"},
        {"status": "queued", "finished_at": NOON},
        {"status": "queued", "due_at": None},
        {"status": "scheduled", "due_at": None},
        {"status": "running"},
        {"status": "succeeded", "started_at": NOON},
        {"status": "failed", "finished_at": NOON},
        {"status": "running", "started_at": NOON, "worker": "w1"},
        {"status": "queued", "worker": "w1", "lease_until": NOON},
        {"status": "running", "started_at": NOON, "lease_until": NOON},
    ],
    ids=str,
)
def test_run_that_contradicts_itself_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        RunFactory.create(**values)


@pytest.mark.django_db
def test_delete_of_what_a_run_needs_is_refused() -> None:
    run = RunFactory.create()

    for needed in (run.environment, run.release, run.integration):
        with pytest.raises(ProtectedError):
            needed.delete()


@pytest.mark.django_db
def test_delete_of_the_feature_keeps_the_run_and_its_release() -> None:
    run = RunFactory.create(succeeded=True)
    feature = run.release.to_definition().feature

    Feature.objects.get().delete()

    run.refresh_from_db()
    assert (run.feature, run.feature_version) == (None, None)
    assert run.release.to_definition().feature == feature


@pytest.mark.django_db
def test_runs_sort_by_id_as_they_were_made() -> None:
    runs = RunFactory.create_batch(5)

    assert list(Run.objects.order_by("id")) == runs
