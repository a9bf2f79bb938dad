"""Counting is checked against going through the times one by one."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.definitions.job import Schedule
from integrations.definitions.schedules import Timetable
from integrations.definitions.tallies import Tally, tallies

START = dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)

schedules = st.one_of(
    st.builds(lambda seconds: {"every": seconds}, st.integers(300, 20_000)),
    st.builds(lambda minute: {"cron": f"*/{minute} * * * *", "tz": "Europe/Berlin"}, st.integers(5, 59)),
    st.builds(lambda hours: {"start_at": (START + HOUR * hours).isoformat()}, st.integers(-5, 40)),
)
ends: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}), st.integers(41, 60).map(lambda hours: {"end_at": (START + HOUR * hours).isoformat()})
)
edges = st.lists(st.integers(1, 70), min_size=1, max_size=6, unique=True).map(sorted)


def timetable(**fields: Any) -> Timetable:
    return Timetable(schedule=Schedule.parse(fields), anchor=START - 7 * HOUR)


@given(schedule=schedules, end=ends, edges=edges, left=st.one_of(st.none(), st.integers(0, 50)))
def test_each_stretch_counts_the_times_that_lie_in_it(
    schedule: dict[str, Any], end: dict[str, str], edges: list[int], left: int | None
) -> None:
    plan = timetable(**schedule, **end)
    moments = [START + HOUR * hours for hours in edges]

    found = list(tallies(plan, after=START, edges=moments, left=left, most=10_000))

    times = list(itertools.islice(plan.between(after=START, until=moments[-1]), left))
    expected = Counter(next(edge for edge in moments if time <= edge) for time in times)
    assert {tally.edge: tally.count for tally in found} == expected
    assert [tally.first for tally in found if tally.count == 1] == [tally.last for tally in found if tally.count == 1]
    assert {tally.first for tally in found} | {tally.last for tally in found} <= set(times)


def test_every_second_of_a_year_is_counted_without_going_through_it() -> None:
    year = dt.timedelta(days=365)

    [found] = tallies(timetable(every=1), after=START, edges=[START + year], left=None, most=10)

    assert found == Tally(
        edge=START + year,
        count=365 * 24 * 3600,
        first=START + dt.timedelta(seconds=1),
        last=START + year,
    )


@pytest.mark.parametrize("most", [1, 90])
def test_of_a_cron_no_more_is_gone_through_than_is_wanted(most: int) -> None:
    found = list(tallies(timetable(cron="* * * * *"), after=START, edges=[START + 9 * HOUR], left=None, most=most))

    assert [tally.count for tally in found] == [most]
