"""How many times of a schedule lie in stretches of time, worked out for an `every` without going through them."""

from __future__ import annotations

import datetime as dt
import itertools
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from integrations.definitions.schedules import Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The times in one stretch, of which there is at least one."""

    #: The end of the stretch, which belongs to it.
    edge: dt.datetime
    count: int
    first: dt.datetime
    last: dt.datetime


def tallies(
    timetable: Timetable, *, after: dt.datetime, edges: Sequence[dt.datetime], left: int | None, most: int
) -> Iterator[Tally]:
    """Yield what lies behind `after` and up to each of the edges, which are in order; stretches without times are not.

    `left` is how many times the schedule has, None without a limit. Of a cron `most` times are gone through at most.
    """
    if timetable.schedule.every is not None:
        return _calculated(timetable, dt.timedelta(seconds=timetable.schedule.every), after, edges, left)
    return _counted(timetable, after, edges, most if left is None else min(left, most))


def _calculated(
    timetable: Timetable, step: dt.timedelta, after: dt.datetime, edges: Sequence[dt.datetime], left: int | None
) -> Iterator[Tally]:
    end_at = timetable.schedule.end_at
    for edge in edges:
        first = timetable.next(after=after)
        if first is None or left == 0:
            return
        after = max(after, edge)
        until = edge if end_at is None else min(edge, end_at)
        count = max((until - first) // step + 1, 0)
        if left is not None:
            count = min(count, left)
            left -= count
        if count:
            yield Tally(edge=edge, count=count, first=first, last=first + step * (count - 1))


def _counted(timetable: Timetable, after: dt.datetime, edges: Sequence[dt.datetime], most: int) -> Iterator[Tally]:
    times = itertools.islice(timetable.between(after=after, until=edges[-1]), most)
    for edge, group in itertools.groupby(times, key=lambda time: edges[bisect_left(edges, time)]):
        within = list(group)
        yield Tally(edge=edge, count=len(within), first=within[0], last=within[-1])
