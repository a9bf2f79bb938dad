from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.definitions.rate_limit import RateLimit
from integrations.engine import budgets
from tests.fakes.clock import START

MINUTE = RateLimit(limit=3, period=60.0)


def places(limit: RateLimit, asked_at: list[float]) -> list[float]:
    """Return when calls may be made that are asked for at these seconds, one after the other."""
    paid_until: dt.datetime | None = None
    found = []
    for seconds in asked_at:
        now = START + dt.timedelta(seconds=seconds)
        paid_until, delay = budgets.reserve(limit, paid_until=paid_until, now=now)
        found.append(seconds + delay)
    return found


def test_burst_goes_at_once_and_the_rest_at_an_even_pace() -> None:
    assert places(MINUTE, [0.0] * 6) == [0.0, 0.0, 0.0, 20.0, 40.0, 60.0]


def test_budget_that_was_not_used_is_whole_again_and_no_more() -> None:
    assert places(MINUTE, [0.0] * 3 + [600.0] * 4) == [0.0] * 3 + [600.0] * 3 + [620.0]


def test_limit_of_one_is_one_each_period() -> None:
    assert places(RateLimit(limit=1, period=5.0), [0.0, 0.0, 1.0]) == [0.0, 5.0, 10.0]


@pytest.mark.parametrize("seconds", [0.5, 30.0, 3600.0])
def test_pushed_back_budget_gives_its_next_place_after_that_time(seconds: float) -> None:
    paid_until = budgets.push_back(MINUTE, paid_until=START, now=START, seconds=seconds)

    _, delay = budgets.reserve(MINUTE, paid_until=paid_until, now=START)

    assert delay == pytest.approx(seconds)


def test_push_back_gives_no_place_back() -> None:
    far = START + dt.timedelta(days=1)

    assert budgets.push_back(MINUTE, paid_until=far, now=START, seconds=1.0) == far


@given(
    limit=st.integers(1, 8),
    period=st.integers(1, 60),
    gaps=st.lists(st.floats(0, 40), min_size=1, max_size=60),
)
def test_no_place_comes_early_and_no_stretch_of_time_holds_too_many(limit: int, period: int, gaps: list[float]) -> None:
    asked_at = [sum(gaps[: number + 1]) for number in range(len(gaps))]

    found = places(RateLimit(limit=limit, period=float(period)), asked_at)

    assert all(place >= asked for place, asked in zip(found, asked_at, strict=True))
    assert found == sorted(found)
    for first, place in enumerate(found):
        for last in range(first, len(found)):
            # A burst, and from then on one for each interval.
            allowed = limit + (found[last] - place) * limit / period
            assert last - first + 1 <= allowed + 1e-3
