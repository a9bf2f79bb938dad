from __future__ import annotations

import dataclasses
from typing import cast

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.connectors.base import Binding
from integrations.definitions.rate_limit import RateLimit
from integrations.models import RateBudget
from integrations.runtime.execution.ports.limits import Limits
from integrations.runtime.execution.recorder import RunRecorder
from integrations.runtime.limits.circuits import CircuitBook
from tests.fakes.clock import START, FakeClock
from tests.fakes.recorder import RecorderAtOnce, finished
from tests.runtime.limits.test_circuits import new_binding
from tests.scenes.limited import at_once


@pytest.fixture
def limits() -> Limits:
    return Limits(CircuitBook(FakeClock()), cast("RunRecorder", RecorderAtOnce()))


def limited(limit: int = 2, period: float = 3600.0) -> Binding:
    return dataclasses.replace(new_binding(), rate_limit=RateLimit(limit=limit, period=period))


def reserve(limits: Limits, binding: Binding, *, has_place: bool = False) -> float:
    return finished(limits.reserve(binding, has_place=has_place, patience_seconds=0.0))


@pytest.mark.django_db
def test_binding_without_a_limit_asks_nobody(limits: Limits) -> None:
    binding = new_binding()

    with CaptureQueriesContext(connection) as queries:
        assert reserve(limits, binding) == 0.0
        finished(limits.push_back(binding, seconds=5.0))

    assert len(queries) == 0


@pytest.mark.django_db
def test_places_beyond_the_burst_come_one_after_the_other(limits: Limits) -> None:
    binding = limited()

    places = [reserve(limits, binding) for _ in range(4)]

    assert places == [0.0, 0.0, pytest.approx(1800, abs=5), pytest.approx(3600, abs=5)]


@pytest.mark.django_db
def test_budget_is_shared_by_all_who_call_that_app_environment(limits: Limits) -> None:
    binding = limited(limit=1)
    elsewhere = dataclasses.replace(binding, environment_id=binding.environment_id + 1)

    assert reserve(limits, binding) == 0.0
    assert reserve(limits, elsewhere) > 3000
    assert reserve(limits, limited(limit=1)) == 0.0


@pytest.mark.django_db
def test_places_are_kept_for_those_who_come_late_and_count_for_those_who_come_anew(limits: Limits) -> None:
    binding = limited()
    while reserve(limits, binding) < 3600:
        pass
    RateBudget.objects.update(paid_until=START, sent_until=START)

    late = [reserve(limits, binding, has_place=True) for _ in range(5)]

    assert late[:4] == [0.0] * 4
    assert late[4] == pytest.approx(3 * 1800, abs=5)
    assert reserve(limits, binding) == pytest.approx(4 * 1800, abs=5)


@pytest.mark.django_db
def test_pushed_back_budget_has_no_place_before(limits: Limits) -> None:
    binding = limited(limit=10)

    finished(limits.push_back(binding, seconds=120.0))

    assert reserve(limits, binding) == pytest.approx(120, abs=5)


@pytest.mark.django_db(transaction=True)
def test_places_taken_at_the_same_moment_are_all_different(limits: Limits) -> None:
    binding = limited(limit=3)

    def take(_: int) -> list[float]:
        return [reserve(limits, binding) for _ in range(3)]

    places = sorted(place for each in at_once(take, threads=4) for place in each)

    # By clocks that were read one after the other.
    assert places[:3] == [pytest.approx(0, abs=5)] * 3
    assert places[3:] == [pytest.approx(1200 * number, abs=5) for number in range(1, 10)]
    assert RateBudget.objects.count() == 1
