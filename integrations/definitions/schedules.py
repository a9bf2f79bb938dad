"""When jobs fire: the nominal times of a schedule, worked out from nothing but the schedule itself.

Cron follows Debian's cron on days with a clock change, as cronsim answers: a job for a fixed time that the clock jumps
over fires right after the jump, one for a time that comes twice fires the first time only; one with `*` for its minute
or hour fires by the clock as it goes. Two times that fall on one moment are one.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass

from cronsim import CronSim, CronSimError

from integrations.definitions.base import nearest
from integrations.definitions.job import LAST_YEAR, Schedule
from integrations.errors import DefinitionError, Problem, join_place

_FIELDS = "minute, hour, day of month, month, day of week"
_CRON_HINT = f"write five fields: {_FIELDS}, as in 30 6 * * 1-5"
#: How far back is looked first for the last of many times; then eight times as far, and so on.
_FIRST_LOOK = dt.timedelta(hours=1)
#: Whether a cron fires at all is looked up from here.
_LOOKED_FROM = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """A schedule with the moment that its `every` counts from, unless it says so by `start_at`: the job's creation."""

    schedule: Schedule
    anchor: dt.datetime

    def times(self, *, after: dt.datetime) -> Iterator[dt.datetime]:
        """Yield the nominal times later than `after`, in UTC, without end where the schedule has none.

        `limit` is left to whoever knows what was started already.
        """
        for time in self._unbounded(after):
            if self.schedule.end_at is not None and time > self.schedule.end_at:
                return
            yield time

    def next(self, *, after: dt.datetime) -> dt.datetime | None:
        return next(self.times(after=after), None)

    def between(self, *, after: dt.datetime, until: dt.datetime) -> Iterator[dt.datetime]:
        """Yield the nominal times later than `after` and no later than `until`."""
        return itertools.takewhile(lambda time: time <= until, self.times(after=after))

    def last(self, count: int, *, after: dt.datetime, until: dt.datetime) -> list[dt.datetime]:
        """Return the last `count` times of `between`, without going through all of them."""
        back = _FIRST_LOOK
        while until - back > after:
            times = list(self.between(after=until - back, until=until))
            if len(times) >= count:
                return times[-count:]
            back *= 8
        return list(self.between(after=after, until=until))[-count:]

    def count(self, *, after: dt.datetime, until: dt.datetime, most: int) -> int:
        """Return how many times `between` gives, or `most` if there are more."""
        return sum(1 for _ in itertools.islice(self.between(after=after, until=until), most))

    def _unbounded(self, after: dt.datetime) -> Iterator[dt.datetime]:
        schedule = self.schedule
        if schedule.cron:
            start = schedule.start_at
            # A time at the very start counts.
            begin = after if start is None else max(after, start - dt.timedelta(microseconds=1))
            return _cron_times(schedule.cron, schedule.tz, begin)
        if schedule.every:
            return self._every(dt.timedelta(seconds=schedule.every), after)
        return iter([schedule.start_at] if schedule.start_at and schedule.start_at > after else [])

    def _every(self, step: dt.timedelta, after: dt.datetime) -> Iterator[dt.datetime]:
        start = self.schedule.start_at
        # One interval after the creation, but at `start_at` itself.
        first = start or self.anchor + step
        time = first + step * max((after - first) // step + 1, 0)
        while time.year <= LAST_YEAR:
            yield time
            time += step


def next_times(
    schedule: Schedule, *, anchor: dt.datetime, after: dt.datetime, count: int, left: int | None = None
) -> list[dt.datetime]:
    """Return the next `count` nominal times in UTC, fewer when the schedule ends; `left` is what its limit leaves."""
    most = count if left is None else min(count, left)
    return list(itertools.islice(Timetable(schedule=schedule, anchor=anchor).times(after=after), most))


def check_schedule(schedule: Schedule, *, place: str) -> list[Problem]:
    """Return why a schedule can never fire as it is meant: what cannot be read, zones and dates that do not exist."""
    problems = [*_zone_problems(schedule.tz, join_place(place, "tz"))]
    if schedule.cron:
        problems += _cron_problems(schedule.cron, join_place(place, "cron"))
    if not problems and _is_empty(schedule):
        problems.append(Problem(place, "it has no time at all before its end_at", "move end_at, or leave it out"))
    return problems


def check_ahead(schedule: Schedule, *, anchor: dt.datetime, now: dt.datetime, place: str) -> list[Problem]:
    """Return why a schedule that can be read has no time left after `now`; [] when it has."""
    if Timetable(schedule=schedule, anchor=anchor).next(after=now) is not None:
        return []
    leave_out = "name a later one, or leave it out"
    if schedule.end_at is not None and schedule.end_at <= now:
        return [Problem(join_place(place, "end_at"), "is in the past", leave_out)]
    if schedule.end_at is not None:
        return [Problem(join_place(place, "end_at"), "is before the first time that is left", leave_out)]
    if schedule.start_at is not None and schedule.start_at <= now:
        return [Problem(join_place(place, "start_at"), "is in the past", "name a time to come")]
    return [Problem(place, "it has no time at all", "name an earlier start_at")]


@functools.cache
def known_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())  # reads a hundred files


def _zone_problems(name: str, place: str) -> Iterator[Problem]:
    if not name:
        yield Problem(place, "names no time zone", "such as UTC or Europe/Berlin")
    elif name not in known_zones():
        yield Problem(place, f'unknown time zone "{name[:100]}"', nearest(name, known_zones()))


def _cron_problems(cron: str, place: str) -> Iterator[Problem]:
    fields = cron.split()
    if len(fields) == 6:
        yield Problem(place, "has six fields; there are no seconds here", _CRON_HINT)
    elif len(fields) != 5:
        yield Problem(place, f"should have five fields, not {len(fields)}", _CRON_HINT)
    elif _never_fires(fields):
        yield Problem(place, "never fires: the months that it names have no such day", "name a day that they have")
    elif message := _unreadable(cron):
        yield Problem(place, message, _CRON_HINT)


def _never_fires(fields: list[str]) -> bool:
    """Return whether every field can be read, and yet no date fits them."""
    minute, hour, day, month, weekday = fields
    if _unreadable(f"{minute} {hour} {day} * {weekday}") or _unreadable(f"0 0 * {month} *"):
        return False
    cron = " ".join(fields)
    return bool(_unreadable(cron)) or next(_cron_times(cron, "UTC", _LOOKED_FROM), None) is None


def _unreadable(cron: str) -> str:
    """Return what cannot be read in five fields, or "". Of dates that do not exist some cannot be read, either."""
    try:
        CronSim(cron, _LOOKED_FROM)
    except CronSimError as error:
        return f"cannot be read: {str(error).lower()}"
    except (AssertionError, TypeError, ValueError):  # what cronsim does not expect to be written
        return "cannot be read"
    return ""


def _is_empty(schedule: Schedule) -> bool:
    if schedule.end_at is None or schedule.start_at is None:
        return False
    start = schedule.start_at - dt.timedelta(microseconds=1)
    return Timetable(schedule=schedule, anchor=schedule.start_at).next(after=start) is None


def _cron_times(cron: str, tz: str, after: dt.datetime) -> Iterator[dt.datetime]:
    last = after
    for local in _simulated(cron, after.astimezone(_zone(tz))):
        time = local.astimezone(dt.UTC)
        if time.year > LAST_YEAR:
            return
        # Begun within an hour that comes twice, cronsim gives times of its first pass again.
        if time > last:
            last = time
            yield time


def _simulated(cron: str, start: dt.datetime) -> Iterator[dt.datetime]:
    try:
        times = CronSim(cron, start)
    except CronSimError as error:
        raise DefinitionError([Problem("schedule/cron", f"cannot be read: {str(error).lower()}")]) from None
    try:
        yield from times
    except (OverflowError, ValueError):  # it has come to the end of the calendar
        return


@functools.cache
def _zone(name: str) -> dt.tzinfo:
    if name == "UTC":
        return dt.UTC  # cronsim is much faster where it knows that there is no clock change
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise DefinitionError([Problem("schedule/tz", f'unknown time zone "{name[:100]}"')]) from None
