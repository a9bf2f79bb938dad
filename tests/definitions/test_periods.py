from __future__ import annotations

import datetime as dt

import pytest

from integrations.definitions.cache import Period
from integrations.definitions.periods import after

_START = dt.datetime(2027, 1, 31, 12, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("count", "period", "expected"),
    [
        (90, "secs", "2027-01-31T12:31:30+00:00"),
        (1, "mins", "2027-01-31T12:31:00+00:00"),
        (1, "hours", "2027-01-31T13:30:00+00:00"),
        (1, "days", "2027-02-01T12:30:00+00:00"),
        (2, "weeks", "2027-02-14T12:30:00+00:00"),
        (1, "months", "2027-02-28T12:30:00+00:00"),
        (13, "months", "2028-02-29T12:30:00+00:00"),
        (11, "months", "2027-12-31T12:30:00+00:00"),
        (1, "years", "2028-01-31T12:30:00+00:00"),
    ],
)
def test_moment_after_some_periods_is_counted_on_the_calendar(count: int, period: Period, expected: str) -> None:
    assert after(_START, count=count, period=period).isoformat() == expected


def test_leap_day_next_year_is_the_last_of_february() -> None:
    leap_day = dt.datetime(2028, 2, 29, tzinfo=dt.UTC)

    assert after(leap_day, count=1, period="years") == dt.datetime(2029, 2, 28, tzinfo=dt.UTC)


@pytest.mark.parametrize("period", ["secs", "weeks", "months", "years"])
def test_moment_past_the_calendar_is_the_last_one(period: Period) -> None:
    assert after(_START, count=10**12, period=period) == dt.datetime.max.replace(tzinfo=dt.UTC)
