from __future__ import annotations

import datetime as dt
import heapq
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.definitions.rate_limit import RateLimit
from integrations.engine import budgets
from integrations.engine.budgets import Budget
from tests.fakes.clock import START

MINUTE = RateLimit(limit=3, period=60.0)


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def places(limit: RateLimit, asked_at: list[float]) -> list[float]:
    """Return when calls may be made that are asked for at these seconds, one after the other."""
    budget = Budget(START)
    found = []
    for seconds in asked_at:
        budget, delay = budgets.reserve(limit, budget, now=at(seconds))
        found.append(seconds + delay)
    return found


def calls(limit: RateLimit, asked_at: list[float], late: list[float], *, patience: float) -> list[float]:
    """Return when calls are made that are asked for at these seconds, as they are made; `asked_at` ascends.

    Whoever finds no place within the patience comes back for it as many seconds late as the next of `late`.
    """
    budget = Budget(START)
    coming = [(seconds, False) for seconds in asked_at]
    lateness = itertools.cycle(late)
    made = []
    while coming:
        now, has_place = heapq.heappop(coming)
        budget, delay = budgets.reserve(limit, budget, now=at(now), has_place=has_place, patience_seconds=patience)
        if delay <= patience:
            made.append(now + delay)
        else:
            heapq.heappush(coming, (now + delay + next(lateness), True))
    return made


def most_over(limit: RateLimit, made: list[float]) -> float:
    """Return by how many calls any stretch of time holds more than one for each interval."""
    made = sorted(made)
    pairs = itertools.combinations_with_replacement(range(len(made)), 2)
    return max(last - first + 1 - (made[last] - made[first]) * limit.limit / limit.period for first, last in pairs)


def test_burst_goes_at_once_and_the_rest_at_an_even_pace() -> None:
    assert places(MINUTE, [0.0] * 6) == [0.0, 0.0, 0.0, 20.0, 40.0, 60.0]


def test_budget_that_was_not_used_is_whole_again_and_no_more() -> None:
    assert places(MINUTE, [0.0] * 3 + [600.0] * 4) == [0.0] * 3 + [600.0] * 3 + [620.0]


def test_limit_of_one_is_one_each_period() -> None:
    assert places(RateLimit(limit=1, period=5.0), [0.0, 0.0, 1.0]) == [0.0, 5.0, 10.0]


@pytest.mark.parametrize("seconds", [0.5, 30.0, 3600.0])
def test_pushed_back_budget_gives_its_next_place_after_that_time(seconds: float) -> None:
    budget = budgets.push_back(MINUTE, Budget(START), now=START, seconds=seconds)

    _, delay = budgets.reserve(MINUTE, budget, now=START)

    assert delay == pytest.approx(seconds)


def test_push_back_gives_no_place_back() -> None:
    far = Budget(START + dt.timedelta(days=1))

    assert budgets.push_back(MINUTE, far, now=START, seconds=1.0) == far


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
    # A burst, and from then on one for each interval.
    assert most_over(RateLimit(limit=limit, period=float(period)), found) <= limit + 1e-3


@given(limit=st.integers(1, 8), period=st.integers(1, 60), number=st.integers(1, 40), late=st.floats(0, 36_000))
def test_places_are_kept_by_those_who_are_all_as_late(limit: int, period: int, number: int, late: float) -> None:
    rate = RateLimit(limit=limit, period=float(period))

    made = calls(rate, [0.0] * number, [late], patience=0.0)

    expected = [place and place + late for place in places(rate, [0.0] * number)]
    assert made == pytest.approx(expected, abs=1e-3)


def test_of_those_who_come_late_at_the_same_time_a_burst_more_goes_and_the_others_have_new_places() -> None:
    budget = Budget(paid_until=at(200), sent_until=at(0))
    delays = []
    for _ in range(8):
        budget, delay = budgets.reserve(MINUTE, budget, now=at(500), has_place=True)
        delays.append(delay)

    assert delays == [0.0] * 6 + [80.0, 100.0]


def test_who_comes_anew_waits_behind_what_was_sent_late() -> None:
    budget = Budget(paid_until=at(200), sent_until=at(0))
    for _ in range(3):
        budget, _ = budgets.reserve(MINUTE, budget, now=at(500), has_place=True)

    assert budgets.reserve(MINUTE, budget, now=at(500))[1] == 20.0


@given(
    limit=st.integers(1, 8),
    period=st.integers(1, 60),
    gaps=st.lists(st.floats(0, 40), min_size=1, max_size=40),
    late=st.lists(st.one_of(st.just(0.0), st.floats(0, 300)), min_size=1, max_size=40),
    patience=st.sampled_from([0.0, 0.5, 2.0]),
)
def test_late_calls_are_all_made_and_no_stretch_of_time_holds_more_than_a_burst_too_many(
    limit: int, period: int, gaps: list[float], late: list[float], patience: float
) -> None:
    rate = RateLimit(limit=limit, period=float(period))

    made = calls(rate, list(itertools.accumulate(gaps)), late, patience=patience)

    assert len(made) == len(gaps)
    assert most_over(rate, made) <= 2 * limit + 1e-3
