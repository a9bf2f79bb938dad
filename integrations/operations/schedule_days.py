"""What became of the times of many jobs, and what is to come of them, counted by day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from integrations import models
from integrations.actors import Actor, require
from integrations.definitions.tallies import Tally, tallies
from integrations.errors import DefinitionError
from integrations.operations.ledgers import OUTCOMES, Outcome, last_retries
from integrations.runtime.db import clock
from integrations.runtime.schedules import next_fire

#: How the run ended that a time has started, by the last attempt at it; `ran` once it was deleted.
Ending = Literal["succeeded", "failed", "cancelled", "quarantined", "going on", "ran"]
Status = models.Run.Status
ENDINGS: dict[str, Ending] = {
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
    Status.QUARANTINED: "quarantined",
}
#: How many rows of written times are read at most, the latest ones.
MOST_WRITTEN = 50_000
#: How many times of crons are gone through at most: a second or two.
MOST_COMING = 200_000


@dataclass(slots=True, kw_only=True)
class DayOfJob:
    """What becomes of one job's times within one day."""

    job: models.Job
    day: dt.date
    first: dt.datetime
    last: dt.datetime
    #: How many times there are of each outcome; of those that started a run, in time or late, by how that ended.
    outcomes: Counter[Outcome | Ending] = field(default_factory=Counter)


@dataclass(slots=True, kw_only=True)
class Days:
    #: In order of day and first time.
    entries: list[DayOfJob]
    #: What is left out, because there is too much of it: the earlier of the times that have passed …
    lacks_written: bool
    #: … or the later of those to come of some jobs.
    lacks_coming: bool


def by_day(*, jobs: Iterable[models.Job], since: dt.datetime, until: dt.datetime, zone: dt.tzinfo, by: Actor) -> Days:
    """Return each job's times from `since` to `until` by the days of `zone`."""
    require(by, "view_slot", to="see what became of schedules")
    return _Count(list(jobs), since, until, zone).counted()


class _Count:
    """One look at a stretch of time."""

    def __init__(self, jobs: Sequence[models.Job], since: dt.datetime, until: dt.datetime, zone: dt.tzinfo) -> None:
        self._jobs, self._since, self._until, self._zone = jobs, since, until, zone
        self._now = clock.now()
        self._days: dict[tuple[dt.date, int], DayOfJob] = {}
        self._room = MOST_COMING

    def counted(self) -> Days:
        written = self._add_written()
        edges = self._edges()
        for job in self._jobs:
            self._add_coming(job, edges)
        entries = sorted(self._days.values(), key=lambda entry: (entry.day, entry.first, entry.job.tag))
        return Days(entries=entries, lacks_written=written > MOST_WRITTEN, lacks_coming=self._room <= 0)

    def _add_written(self) -> int:
        """Add the written times, and return how many rows there are, or one more than are read."""
        by_id = {job.pk: job for job in self._jobs}
        slots = models.Slot.objects.filter(job__in=by_id).within(since=self._since, until=self._until)
        columns = slots.order_by("-nominal_at").values_list("job", "nominal_at", "status", "count", "run__status")
        rows = list(columns[: MOST_WRITTEN + 1])
        retries = last_retries([(row[0], row[1]) for row in rows if row[-1] == Status.FAILED])
        for job_id, nominal_at, status, count, run_status in rows[:MOST_WRITTEN]:
            time = max(nominal_at, self._since)
            ending = _ending(retries.get((job_id, nominal_at), run_status))
            self._add(by_id[job_id], time, time, OUTCOMES.get(status, ending), count)
        return len(rows)

    def _add_coming(self, job: models.Job, edges: Sequence[dt.datetime]) -> None:
        try:
            for tally in self._tallies(job, edges):
                passed: Outcome = "due" if tally.edge <= self._now else "coming"
                outcome = "held" if job.next_at is None else passed
                self._add(job, tally.first, tally.last, outcome, tally.count)
        except DefinitionError:
            return  # its page says what cannot be read

    def _tallies(self, job: models.Job, edges: Sequence[dt.datetime]) -> Iterator[Tally]:
        """Yield what nobody has come to yet, by days, that of today in front of and behind now."""
        start = job.next_at or job.held_from
        timetable = job.timetable() if start is not None else None
        if start is None or timetable is None:
            return
        # Times before `since` use the limit up, too.
        left, before = next_fire.left(job, timetable), self._since - next_fire.INSTANT
        after = (start if left is not None else max(start, self._since)) - next_fire.INSTANT
        for tally in tallies(timetable, after=after, edges=[before, *edges], left=left, most=max(self._room, 1)):
            if timetable.schedule.cron:
                self._room -= tally.count
            if tally.edge > before:
                yield tally

    def _edges(self) -> list[dt.datetime]:
        day, last = self._since.astimezone(self._zone).date(), self._until.astimezone(self._zone).date()
        edges = {self._until} | ({self._now} if self._since <= self._now < self._until else set())
        while day < last:
            day += dt.timedelta(days=1)
            midnight = dt.datetime.combine(day, dt.time(), tzinfo=self._zone).astimezone(dt.UTC)
            edges.add(midnight - next_fire.INSTANT)
        return sorted(edges)

    def _add(
        self, job: models.Job, first: dt.datetime, last: dt.datetime, outcome: Outcome | Ending, count: int
    ) -> None:
        first, last = first.astimezone(self._zone), last.astimezone(self._zone)
        key = (first.date(), job.pk)
        entry = self._days.setdefault(key, DayOfJob(job=job, day=first.date(), first=first, last=last))
        entry.first, entry.last = min(entry.first, first), max(entry.last, last)
        entry.outcomes[outcome] += count


def _ending(run_status: str | None) -> Ending:
    return "ran" if run_status is None else ENDINGS.get(run_status, "going on")
