from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection

from integrations.actors import SYSTEM
from integrations.errors import InvalidInput
from integrations.models import Run, StartKey
from integrations.operations import runs
from integrations.runtime.limits import deduplication
from tests.scenes.limited import at_once, published, start

ONCE = {"key": {"order": "$Input{order}"}, "window": 60.0}


@pytest.mark.django_db
def test_equal_keys_within_the_window_are_one_run() -> None:
    feature, environment = published(deduplicate=ONCE)

    first = start(feature, environment, order=1, note="first")
    again = start(feature, environment, order=1, note="again")
    other = start(feature, environment, order="1")

    assert (again.pk, again.is_deduplicated, again.input["note"]) == (first.pk, True, "first")
    assert (first.is_deduplicated, other.is_deduplicated) == (False, False)
    assert Run.objects.count() == 2


@pytest.mark.django_db
def test_run_that_has_failed_counts_until_the_window_is_over() -> None:
    feature, environment = published(deduplicate=ONCE)
    first = start(feature, environment, order=1)
    now = first.created_at
    Run.objects.filter(pk=first.pk).update(status="failed", started_at=now, finished_at=now)

    assert start(feature, environment, order=1).pk == first.pk
    StartKey.objects.update(expires_at=now - dt.timedelta(seconds=1))
    assert start(feature, environment, order=1).pk != first.pk


@pytest.mark.django_db
def test_keys_count_for_each_environment_apart() -> None:
    feature, environment = published(deduplicate=ONCE)
    _, elsewhere = published()
    elsewhere.integration = feature.integration
    elsewhere.save()

    assert start(feature, environment, order=1).pk != start(feature, elsewhere, order=1).pk


@pytest.mark.django_db
def test_key_that_the_input_does_not_have_is_refused() -> None:
    feature, environment = published(deduplicate=ONCE)

    with pytest.raises(InvalidInput) as caught:
        start(feature, environment, note="no order")

    assert caught.value.problems[0].place == "deduplicate/key"
    assert not Run.objects.exists()


@pytest.mark.django_db
def test_run_that_was_deleted_stands_for_nothing() -> None:
    feature, environment = published(deduplicate=ONCE)
    first = start(feature, environment, order=1)
    Run.objects.filter(pk=first.pk).delete()

    assert not start(feature, environment, order=1).is_deduplicated


@pytest.mark.django_db
def test_feature_that_does_not_deduplicate_has_no_key() -> None:
    feature, environment = published()

    assert (
        deduplication.lock(
            feature=feature, environment=environment, definition=feature.to_definition(), input={"order": 1}
        )
        is None
    )


@pytest.mark.django_db
def test_deduplicated_run_that_has_ended_is_returned_by_whoever_would_execute_it() -> None:
    feature, environment = published(deduplicate=ONCE)
    first = start(feature, environment, order=1)
    Run.objects.filter(pk=first.pk).update(
        status="succeeded", started_at=first.created_at, finished_at=first.created_at, output=7
    )

    again = runs.run_feature(
        integration=feature.integration.tag,
        environment=environment.slug,
        feature=feature.tag,
        input={"order": 1},
        by=SYSTEM,
        trigger=Run.Trigger.API,
    )

    assert (again.pk, again.output, again.is_deduplicated) == (first.pk, 7, True)


@pytest.mark.django_db(transaction=True)
def test_starts_at_the_same_moment_are_one_run() -> None:
    feature, environment = published(deduplicate=ONCE)

    started = at_once(lambda _: start(feature, environment, order=1), threads=6)

    assert len({run.pk for run in started}) == 1
    assert sorted(run.is_deduplicated for run in started) == [False, True, True, True, True, True]
    assert Run.objects.count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_starts_with_expired_keys_do_not_deadlock() -> None:
    feature, environment = published(deduplicate=ONCE)
    before = [start(feature, environment, order=order) for order in range(20)]
    StartKey.objects.update(expires_at=before[0].created_at)
    #: Each start has come to where it takes its key, the second one after the first.
    has_come = [threading.Event(), threading.Event()]

    def meet(number: int) -> Any:
        def around(execute: Any, sql: str, *rest: Any) -> Any:
            if sql.startswith('INSERT INTO "integrations_startkey"'):
                has_come[number].set()
                has_come[1].wait(timeout=5)
            return execute(sql, *rest)

        return around

    def start_anew(number: int) -> Run:
        if number == 1:
            has_come[0].wait(timeout=5)
        with connection.execute_wrapper(meet(number)):
            return start(feature, environment, order=(15, 3)[number])

    assert [run.is_deduplicated for run in at_once(start_anew, threads=2)] == [False, False]
