from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from integrations.errors import Busy
from integrations.models import Run
from integrations.runtime.limits.queue_cap import QUEUE_CAP
from integrations.runtime.queue import claiming
from tests.factories.run import RunFactory
from tests.scenes.limited import published, start

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_queue(settings: Settings) -> Iterator[None]:
    """Let four runs be unfinished, counted anew before the test and after it."""
    settings.DUCTAPE_QUEUE_CAP = 4
    QUEUE_CAP.forget()
    yield
    QUEUE_CAP.forget()


def test_full_queue_refuses_with_its_length_and_when_to_try_again() -> None:
    feature, environment = published()
    for _ in range(4):
        start(feature, environment)

    with pytest.raises(Busy) as caught:
        start(feature, environment)

    assert (caught.value.queued, caught.value.cap) == (4, 4)
    assert "4 runs are unfinished" in caught.value.message
    assert f"try again in {caught.value.retry_after_seconds} seconds" in caught.value.message
    assert Run.objects.count() == 4


def test_full_queue_lets_those_in_who_have_less_than_their_share() -> None:
    greedy, modest = published(), published()
    for _ in range(4):
        start(*greedy)

    start(*modest)
    start(*modest)
    with pytest.raises(Busy):
        start(*modest)
    with pytest.raises(Busy):
        start(*greedy)


def test_twice_the_cap_refuses_everybody() -> None:
    for _ in range(4):
        RunFactory.create_batch(2)
    newcomer = published()

    with pytest.raises(Busy):
        start(*newcomer)


def test_what_is_running_counts_and_what_has_ended_does_not() -> None:
    feature, environment = published()
    for _ in range(4):
        start(feature, environment)
    [held, *_] = claiming.claim_due(worker="w", limit=4)
    QUEUE_CAP.forget()
    with pytest.raises(Busy):
        start(feature, environment)

    Run.objects.transition(held.pk, from_=Run.Status.RUNNING, to=Run.Status.SUCCEEDED)
    QUEUE_CAP.forget()

    assert start(feature, environment).status == Run.Status.QUEUED


def test_counting_is_no_query_a_start(django_assert_num_queries: object) -> None:
    feature, environment = published()
    start(feature, environment)

    with django_assert_num_queries(0):  # type: ignore[operator]  # pytest-django's fixture has no public type
        QUEUE_CAP.admit(feature.integration_id)
