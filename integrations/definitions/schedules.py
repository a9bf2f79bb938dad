"""When jobs fire: the nominal times of a schedule, computed from the schedule alone."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass

from integrations.definitions import cron
from integrations.definitions.base import nearest
from integrations.definitions.job import LAST_YEAR, Schedule
from integrations.errors import DefinitionError, Problem, join_place

#: How far back is looked first for the last of many times; then eight times as far, and so on.
_FIRST_LOOK = dt.timedelta(hours=1)
#: Names that `zoneinfo` lists beside the zones: what they mean depends on the machine.
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})


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
            moments = cron.times(schedule.cron, _zone(schedule.tz), after=begin)
            return itertools.takewhile(lambda moment: moment.year <= LAST_YEAR, moments)
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
        problems += cron.problems(schedule.cron, place=join_place(place, "cron"))
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
    return frozenset(zoneinfo.available_timezones()) - _NO_ZONES  # reads a hundred files


def _zone_problems(name: str, place: str) -> Iterator[Problem]:
    if not name:
        yield Problem(place, "names no time zone", "such as UTC or Europe/Berlin")
    elif name not in known_zones():
        yield Problem(place, f'unknown time zone "{name[:100]}"', nearest(name, known_zones()))


def _is_empty(schedule: Schedule) -> bool:
    if schedule.end_at is None or schedule.start_at is None:
        return False
    start = schedule.start_at - dt.timedelta(microseconds=1)
    return Timetable(schedule=schedule, anchor=schedule.start_at).next(after=start) is None


@functools.cache
def _zone(name: str) -> dt.tzinfo:
    if name == "UTC":
        return dt.UTC  # cronsim is much faster where it knows that there is no clock change
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise DefinitionError([Problem("schedule/tz", f'unknown time zone "{name[:100]}"')]) from None
