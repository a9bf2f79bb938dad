"""Runs that do not begin because of where they are to run: in inactive environments, and retries in frozen ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import OperationRefused
from integrations.operations import environments, freezes, jobs, runs, workers
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.queue import claiming
from integrations.workers import redelivery
from tests.scenes.scene import put
from tests.scenes.scheduling import Hands, by_hand, end, fire, hands, ledger, make_home, make_job, runs_of

__all__ = ["hands"]

pytestmark = pytest.mark.django_db


def set_active(job: models.Job, is_active: bool) -> None:
    environments.update(integration=job.integration, tag="dev", changes={"active": is_active}, by=SYSTEM)


def dev(job: models.Job) -> models.Environment:
    return environments.fetch(integration=job.integration, tag="dev", by=SYSTEM)


def claimed(job: models.Job) -> list[models.Run]:
    """Return which of the job's runs are taken up in one of the ways in which workers take up runs, and let go."""
    run_ids = [run.pk for run in runs_of(job)]
    ways: list[Callable[[], list[models.Run]]] = [
        lambda: claiming.claim_due(worker="w", limit=9),
        lambda: claiming.claim_announced(run_ids, worker="w"),
        lambda: claiming.claim_overlooked(worker="w", limit=9),
    ]
    found: set[models.Run] = set()
    for way in ways:
        taken = way()
        found |= set(taken)
        claiming.hand_back([run.pk for run in taken], worker="w")
    return sorted(found, key=lambda run: run.pk)


def failed_with_a_retry(hands: Hands, job: models.Job) -> models.Run:
    """Return the retry of the job's run that has just failed."""
    hands.turn(minutes=10)
    fire(hands)
    end(runs_of(job)[-1], "failed")
    return runs_of(job)[-1]


@pytest.mark.parametrize("is_begun", [False, True])
def test_inactive_environment_begins_no_run_but_lets_those_end_that_have_begun(hands: Hands, is_begun: bool) -> None:
    job = make_job(hands)
    run = by_hand(job)
    if is_begun:
        assert claimed(job) == [run]

    set_active(job, False)
    while_inactive = claimed(job)
    set_active(job, True)

    assert while_inactive == ([run] if is_begun else [])
    assert claimed(job) == [run]


def test_part_of_a_run_that_has_begun_begins_in_an_inactive_environment(hands: Hands) -> None:
    job = make_job(hands)
    parent, part = by_hand(job), by_hand(job)
    models.Run.objects.filter(pk=parent.pk).update(started_at=hands.now)
    models.Run.objects.filter(pk=part.pk).update(parent=parent, parent_step="main/tick")

    set_active(job, False)

    assert claimed(job) == [parent, part]


def test_runs_of_other_environments_are_taken_up_behind_those_of_an_inactive_one(hands: Hands) -> None:
    home = make_home()
    put(home, "environments", env_name="Staging", slug="stg", auth={})
    job = make_job(hands, home)
    for _ in range(12):
        by_hand(job)
    hands.turn(seconds=1)
    other = by_hand(job, env="stg")

    set_active(job, False)

    assert claiming.claim_due(worker="w", limit=9) == [other]


def test_retry_does_not_begin_in_an_inactive_environment_and_its_page_says_why(hands: Hands) -> None:
    job = make_job(hands, retries=3, overlap="queue")
    retry = failed_with_a_retry(hands, job)
    set_active(job, False)
    hands.turn(minutes=10)
    fire(hands)

    assert claimed(job) == []
    assert workers.why_not_yet(retry) == 'environment "dev" is inactive; activate it to start runs in it'
    with pytest.raises(OperationRefused, match="activate it"):
        runs.resume(run=retry, by=SYSTEM)
    assert jobs.execute(retry).status == "scheduled"
    assert ledger(job)[-1] == (20, "refused")

    set_active(job, True)
    assert claimed(job) == [retry]


def test_run_that_fails_in_an_inactive_environment_is_tried_again_once_it_is_active(hands: Hands) -> None:
    job = make_job(hands, retries=1)
    run = by_hand(job)
    models.Run.objects.filter(pk=run.pk).update(started_at=hands.now)
    set_active(job, False)
    end(run, "failed")
    hands.turn(minutes=15)
    assert claimed(job) == []

    set_active(job, True)

    assert claimed(job) == [runs_of(job)[1]]


def test_inactive_environment_says_how_many_runs_it_holds(hands: Hands) -> None:
    job = make_job(hands)
    begun, _ = by_hand(job), by_hand(job)
    models.Run.objects.filter(pk=begun.pk).update(started_at=hands.now)
    assert environments.runs_on_hold(environment=dev(job), by=SYSTEM) == 0

    set_active(job, False)

    assert environments.runs_on_hold(environment=dev(job), by=SYSTEM) == 1


def test_message_of_a_run_on_hold_is_not_sent_again(hands: Hands) -> None:
    job = make_job(hands)
    run = by_hand(job)
    hands.turn(minutes=1)
    assert redelivery._late() == {run.pk}

    set_active(job, False)

    assert redelivery._late() == set()


def test_retries_in_a_frozen_environment_wait_for_its_release(hands: Hands) -> None:
    job = make_job(hands, retries=2, overlap="queue")
    retry = failed_with_a_retry(hands, job)
    queued = by_hand(job)
    freezes.freeze(environment=dev(job), by=SYSTEM, reason="Upgrade")
    hands.turn(minutes=15)
    fire(hands)

    # What fired before goes on, and what somebody starts by hand begins.
    assert claimed(job) == [queued]
    assert workers.why_not_yet(retry) == 'environment "dev" is frozen (Upgrade); this retry begins once it is unfrozen'
    freezes.unfreeze(environment=dev(job), by=SYSTEM)
    assert claimed(job) == [retry, queued]


def test_retry_begins_in_a_frozen_environment_when_somebody_wants_it_to(hands: Hands) -> None:
    job = make_job(hands, retries=2)
    retry = failed_with_a_retry(hands, job)
    freezes.freeze(environment=dev(job), by=SYSTEM)

    assert claiming.claim_one(retry.pk, worker="w") == retry


def test_freeze_says_what_goes_on_and_what_is_still_to_come(hands: Hands) -> None:
    job = make_job(hands, retries=2, overlap="allow")
    failed_with_a_retry(hands, job)
    begun, _ = by_hand(job), by_hand(job)
    models.Run.objects.filter(pk=begun.pk).update(started_at=hands.now)

    freezes.freeze(environment=dev(job), by=SYSTEM)

    counts = freezes.draining(environment=dev(job), by=SYSTEM)
    assert (counts.begun, counts.to_begin, counts.retries) == (1, 1, 1)


def test_workers_are_told_within_a_second_by_another_process(hands: Hands) -> None:
    job = make_job(hands)
    by_hand(job)
    assert not dispatch_state.holds_runs()
    models.Environment.objects.filter(integration=job.integration).update(active=False)

    dispatch_state.forget()  # as a second does

    assert dispatch_state.holds_runs()
    assert claimed(job) == []


def test_holding_runs_costs_a_claim_no_query(hands: Hands, django_assert_num_queries: Any) -> None:
    job = make_job(hands)
    by_hand(job)
    set_active(job, False)
    assert claimed(job) == []

    with django_assert_num_queries(1):
        assert claiming.claim_due(worker="w", limit=9) == []
