"""Runs that have failed and are undone, as what is stored tells whoever looks or takes them over."""

from __future__ import annotations

import pytest
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import runs
from integrations.runtime.queue import claiming
from tests.scenes.nesting import BAD, HOLD, PAUSE, made_of, make_nest, start

pytestmark = pytest.mark.django_db

Status = models.Run.Status


def _being_undone() -> models.Run:
    """Return a run that has failed and waits for its rollback."""
    integration = make_nest(made_of("feature", {**PAUSE, "rollback": HOLD}, BAD))
    return runs.execute(start(integration, "feature"), patience_seconds=0)


def test_run_says_what_it_has_failed_of_while_it_is_undone() -> None:
    run = _being_undone()

    assert run.status == Status.WAITING
    assert (run.error_code, run.error_place) == ("unresolved", "main/bad")
    assert "gone" in run.error_message


def test_whoever_takes_over_a_run_that_is_undone_goes_by_its_stored_failure() -> None:
    run = _being_undone()
    # As if it had failed between two attempts of an event, which would now go well.
    run.steps.filter(event="bad").delete()
    run.steps.filter(role="rollback").update(due_at=run.created_at)

    run = runs.execute(run, patience_seconds=0)

    assert (run.status, run.error_code, run.error_place) == (Status.FAILED, "unresolved", "main/bad")
    assert sorted(run.steps.values_list("event", "role", "status")) == [
        ("pause", "event", "succeeded"),
        ("pause", "rollback", "succeeded"),
    ]


def test_run_that_is_cancelled_while_it_is_undone_keeps_what_it_had_failed_of() -> None:
    run = _being_undone()

    runs.cancel(run=run, by=SYSTEM)

    run.refresh_from_db()
    assert (run.status, run.error_code, run.error_place) == (Status.CANCELLED, "unresolved", "main/bad")


def test_run_that_has_not_failed_is_parked_without_an_error() -> None:
    run = runs.execute(start(make_nest(made_of("feature", HOLD)), "feature"), patience_seconds=0)

    assert (run.status, run.error_code, run.error_message) == (Status.WAITING, "", "")


def test_run_that_is_quarantined_while_it_is_undone_says_so_and_not_where_it_had_failed() -> None:
    run = _being_undone()
    models.Run.objects.filter(pk=run.pk).update(crashes=claiming.LAST_CRASH - 1)
    claimed = claiming.claim_one(run.pk, worker="tester")
    assert claimed is not None

    claiming.crashed(claimed, evidence="gone", now=timezone.now())

    run.refresh_from_db()
    assert (run.status, run.error_code, run.error_place) == (Status.QUARANTINED, "quarantined", "")
