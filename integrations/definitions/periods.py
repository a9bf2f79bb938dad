"""Counting periods on the calendar."""

from __future__ import annotations

import calendar
import datetime as dt

from integrations.definitions.cache import Period

_FIXED: dict[str, dt.timedelta] = {
    "secs": dt.timedelta(seconds=1),
    "mins": dt.timedelta(minutes=1),
    "hours": dt.timedelta(hours=1),
    "days": dt.timedelta(days=1),
    "weeks": dt.timedelta(weeks=1),
}
_MONTHS = {"months": 1, "years": 12}


def after(moment: dt.datetime, *, count: int, period: Period) -> dt.datetime:
    """Return the moment `count` periods later; a day that the month does not have becomes its last (31 Jan → 28 Feb).

    What lies past the year 9999 is the last moment that can be written: it never comes.
    """
    try:
        if period in _FIXED:
            return moment + count * _FIXED[period]
        return _months_after(moment, count * _MONTHS[period])
    except (OverflowError, ValueError):
        return dt.datetime.max.replace(tzinfo=moment.tzinfo)


def _months_after(moment: dt.datetime, months: int) -> dt.datetime:
    years, month_index = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month_index + 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
