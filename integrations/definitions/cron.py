"""Cron expressions: the moments that one names, and why one cannot be read.

On days with a clock change they follow Debian's cron. A job for a fixed time that the clock jumps over fires right
after the jump; one for a time that comes twice fires the first time only. A job with `*` for its minute or hour fires
whenever the clock shows a time that it names, so in an hour that comes twice it fires twice.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
from collections.abc import Iterator

from cronsim import CronSim, CronSimError

from integrations.errors import DefinitionError, Problem

_HINT = "write five fields: minute, hour, day of month, month, day of week, as in 30 6 * * 1-5"
#: Each field's name, its values, and how many seconds are from one to the next; None where that varies.
_FIELDS = (
    ("minute", range(60), 60),
    ("hour", range(24), 3600),
    ("day of month", range(1, 32), 24 * 3600),
    ("month", range(1, 13), None),
    ("day of week", range(8), 24 * 3600),
)
#: The nicknames of cron(8) with what they stand for; "" has no counterpart in a schedule.
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
    "@reboot": "",
}
#: Forms of Quartz and its like, with what to write instead.
_FOREIGN_FORMS = (
    (re.compile(r"\?"), '"?" is not understood', "write * instead"),
    (re.compile(r"\d+W", re.I), "the nearest weekday (W) is not understood", "name a day, or LW for the last weekday"),
    (re.compile(r"L-\d+", re.I), "days before the last (L-n) are not understood", "name a day, or L for the last day"),
)
#: Whether an expression fires at all is looked up from here.
_LOOKED_FROM = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
_TICK = dt.timedelta(seconds=1)


def times(cron: str, zone: dt.tzinfo, *, after: dt.datetime) -> Iterator[dt.datetime]:
    """Yield the moments later than `after`, in UTC; two times of the clock that fall on one moment are one.

    Raises:
        DefinitionError: the expression cannot be read.
    """
    minute, hour, *_ = [*cron.split(), "", ""]
    if zone is not dt.UTC and (minute.startswith("*") or hour.startswith("*")):
        moments = _by_the_clock(cron, zone, after)
    else:
        moments = (local.astimezone(dt.UTC) for local in _simulated(cron, after.astimezone(zone)))
    last = after
    for moment in moments:
        # Begun within an hour that comes twice, cronsim gives times of its first pass again.
        if moment > last:
            last = moment
            yield moment


def problems(cron: str, *, place: str) -> Iterator[Problem]:
    """Yield why an expression cannot be read, never fires, or means something else than it seems to say."""
    fields = cron.split()
    if fields[:1] and fields[0].lower() in _NICKNAMES:
        meaning = _NICKNAMES[fields[0].lower()]
        hint = f"write {meaning}" if meaning else "a schedule has no counterpart; start a run by hand, or by the SDK"
        yield Problem(place, f'"{fields[0]}" is not understood', hint)
    elif len(fields) == 6:
        yield Problem(place, "has six fields; there are no seconds here", _HINT)
    elif len(fields) != 5:
        yield Problem(place, f"should have five fields, not {len(fields)}", _HINT)
    elif foreign := list(_foreign_forms(fields, place)):
        yield from foreign
    elif _never_fires(fields):
        yield Problem(place, "never fires: the months that it names have no such day", "name a day that they have")
    elif message := _unreadable(cron):
        yield Problem(place, message, _HINT)
    else:
        yield from _long_steps(fields, place)


def _foreign_forms(fields: list[str], place: str) -> Iterator[Problem]:
    if fields[4].upper() == "L":
        yield Problem(place, "the last day of week is not understood", "write 5L for the last Friday of the month")
    for form, message, hint in _FOREIGN_FORMS:
        if any(form.search(field) for field in fields):
            yield Problem(place, message, hint)


def _long_steps(fields: list[str], place: str) -> Iterator[Problem]:
    """Yield a problem for each step that is longer than what it steps through: `*/90` fires at minute 0 only."""
    for field, (name, values, seconds) in zip(fields, _FIELDS, strict=True):
        for base, step in re.findall(r"([^,/]+)/(\d+)", field):
            if int(step) <= _length(base, values):
                continue
            hint = f"name the {name}s" if seconds is None else f"leave cron out and write every: {int(step) * seconds}"
            yield Problem(place, f"a step of {step} is longer than {base} for the {name}", hint)


def _length(base: str, values: range) -> int:
    """Return how many values a readable base of a step has: `*`, a range, or one value up to the field's last."""
    first, dash, last = base.partition("-")
    if dash and first.isdigit() and last.isdigit():
        return int(last) - int(first) + 1
    return len(values[values.index(int(base)) :]) if base.isdigit() else len(values)


def _never_fires(fields: list[str]) -> bool:
    """Return whether every field can be read, and yet no date fits them."""
    minute, hour, day, month, weekday = fields
    if _unreadable(f"{minute} {hour} {day} * {weekday}") or _unreadable(f"0 0 * {month} *"):
        return False
    cron = " ".join(fields)
    return bool(_unreadable(cron)) or next(times(cron, dt.UTC, after=_LOOKED_FROM), None) is None


def _unreadable(cron: str) -> str:
    """Return what cannot be read in five fields, or "". Of dates that do not exist some cannot be read, either."""
    try:
        CronSim(cron, _LOOKED_FROM)
    except CronSimError as error:
        return f"cannot be read: {str(error).lower()}"
    except (AssertionError, TypeError, ValueError):  # what cronsim does not expect to be written
        return "cannot be read"
    return ""


def _by_the_clock(cron: str, zone: dt.tzinfo, after: dt.datetime) -> Iterator[dt.datetime]:
    """Yield every moment after `after` at which the zone's clock shows a time that the expression names.

    cronsim steps by whole hours, and so loses times where a clock changes by half an hour (Australia/Lord_Howe). Here
    it only sees clocks that do not change: each period between two changes is gone through by itself.
    """
    begin, period = after, after
    while True:
        offset, end = period.astimezone(zone).utcoffset() or dt.timedelta(), _period_end(zone, period)
        for local in _simulated(cron, begin + offset):
            moment = local - offset
            if moment >= end:
                break
            yield moment
        else:
            return
        begin, period = end - _TICK, end


def _period_end(zone: dt.tzinfo, moment: dt.datetime) -> dt.datetime:
    """Return until when the zone's clock does not change: its next change, or the end of the year."""
    later = (change for change in _changes(zone, moment.year) if change > moment)
    return next(later, dt.datetime(moment.year + 1, 1, 1, tzinfo=dt.UTC))


@functools.lru_cache(maxsize=1_000)
def _changes(zone: dt.tzinfo, year: int) -> tuple[dt.datetime, ...]:
    """Return the moments of a year, in UTC, at which the zone's clock changes; at most one a day."""
    day = dt.timedelta(days=1)
    midnights = [dt.datetime(year, 1, 1, tzinfo=dt.UTC) + day * number for number in range(367)]
    changes = []
    for low, high in itertools.pairwise(midnights):
        if _offset(zone, low) == _offset(zone, high):
            continue
        while high - low > _TICK:
            middle = low + (high - low) // 2
            low, high = (middle, high) if _offset(zone, middle) == _offset(zone, low) else (low, middle)
        changes.append(high.replace(microsecond=0))
    return tuple(change for change in changes if change.year == year)


def _offset(zone: dt.tzinfo, moment: dt.datetime) -> dt.timedelta | None:
    return moment.astimezone(zone).utcoffset()


def _simulated(cron: str, start: dt.datetime) -> Iterator[dt.datetime]:
    try:
        moments = CronSim(cron, start)
    except CronSimError as error:
        raise DefinitionError([Problem("schedule/cron", f"cannot be read: {str(error).lower()}")]) from None
    try:
        yield from moments
    except (OverflowError, ValueError):  # it has come to the end of the calendar
        return
