"""The steps of a run as its page shows them: by sequence in graph order, attempts under their step, bars in time."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from integrations import models
from integrations.admin.runs.payloads import Payload, cut_text, payload
from integrations.definitions.feature import Feature
from integrations.engine import graph

#: Units of a bar's whole width, which is the time of the run.
SCALE = 1_000
#: So that a step of no time at all is seen.
_NARROWEST = 6
#: Steps and log lines on a page that was not asked for all.
SHOWN_STEPS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Where an attempt lies in the time of the run, in units of `SCALE`."""

    x: int
    width: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    row: models.Step
    bar: Bar
    input: Payload | None
    output: Payload | None
    logs: Sequence[models.RunLog]

    @property
    def place_in_source(self) -> str:
        if self.row.error_line is None:
            return ""
        column = f", column {self.row.error_column}" if self.row.error_column else ""
        return f"line {self.row.error_line}{column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStep:
    """One event, in one iteration and role, with its attempts; the last one says how it stands."""

    attempts: Sequence[Attempt]

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]

    @property
    def earlier(self) -> Sequence[Attempt]:
        return self.attempts[:-1]

    @property
    def row(self) -> models.Step:
        return self.last.row

    @property
    def bars(self) -> list[Bar]:
        return [attempt.bar for attempt in self.attempts]

    @property
    def name(self) -> str:
        row = self.row
        iteration = "" if row.iteration == models.NO_ITERATION else f"[{row.iteration}]"
        return f"{row.event}{iteration}"

    @property
    def duration(self) -> dt.timedelta | None:
        """From the start of the first attempt to the end of the last, waiting included."""
        first, last = self.attempts[0].row, self.row
        return last.finished_at - first.started_at if last.finished_at else None

    @property
    def retried_after(self) -> str:
        """Return what earlier attempts failed of: `http_503, connect_timeout`."""
        return ", ".join(dict.fromkeys(attempt.row.error_code for attempt in self.earlier if attempt.row.error_code))

    @property
    def target(self) -> str:
        """Return what was called, where the name does not say it."""
        return self.row.target if self.row.target != self.row.event else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSequence:
    tag: str
    parents: Sequence[str]
    steps: Sequence[ShownStep]
    #: Events that the run has not come to, or never will.
    not_reached: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Turns moments of a run into places on its bars."""

    start: dt.datetime
    end: dt.datetime

    def bar(self, step: models.Step) -> Bar:
        x = min(self._place(step.started_at), SCALE - _NARROWEST)
        end = self._place(step.finished_at or self.end)
        return Bar(x=x, width=min(max(end - x, _NARROWEST), SCALE - x), status=step.status)

    def _place(self, at: dt.datetime) -> int:
        length = (self.end - self.start).total_seconds()
        share = (at - self.start).total_seconds() / length if length > 0 else 0.0
        return round(SCALE * min(max(share, 0.0), 1.0))


def rows_of(run: models.Run, *, limit: int | None) -> list[models.Step]:
    """Return the run's steps in their order, with the beginnings of their input and output only."""
    steps = run.steps.in_order().defer("input", "output")
    return list(steps.annotate(input_text=cut_text("input"), output_text=cut_text("output"))[:limit])


def shown(
    run: models.Run, rows: Sequence[models.Step], logs: Iterable[models.RunLog], *, feature: Feature, now: dt.datetime
) -> list[ShownSequence]:
    """Return the sequences of a run of `feature`, each after its parents; `rows` are those of `rows_of`."""
    clock = Clock(start=run.started_at or now, end=run.finished_at or now)
    by_step: dict[int | None, list[models.RunLog]] = {}
    for line in logs:
        by_step.setdefault(line.step_id, []).append(line)
    steps = _by_key(_attempt(run, row, clock, by_step.get(row.pk, [])) for row in rows)
    return [_sequence(tag, feature, steps) for tag in _tags(feature, rows)]


def _tags(feature: Feature, rows: Sequence[models.Step]) -> list[str]:
    planned = graph.in_order({sequence.sequence_tag: sequence.parents for sequence in feature.sequence})
    return list(dict.fromkeys([*planned, *(row.sequence for row in rows)]))


def _by_key(attempts: Iterable[Attempt]) -> Mapping[str, list[ShownStep]]:
    """Return steps by sequence, each where its first attempt began."""
    keyed: dict[tuple[str, str, str, int], list[Attempt]] = {}
    for attempt in attempts:
        row = attempt.row
        keyed.setdefault((row.sequence, row.event, row.role, row.iteration), []).append(attempt)
    in_order = sorted(keyed, key=lambda key: key[0])  # stable, so steps stay in their order
    return {
        tag: [ShownStep(attempts=keyed[key]) for key in keys]
        for tag, keys in itertools.groupby(in_order, key=lambda key: key[0])
    }


def _sequence(tag: str, feature: Feature, steps: Mapping[str, list[ShownStep]]) -> ShownSequence:
    planned = feature.sequence_named(tag)
    own = steps.get(tag, [])
    reached = {step.row.event for step in own}
    return ShownSequence(
        tag=tag,
        parents=planned.parents if planned else (),
        steps=own,
        not_reached=[event.tag for event in planned.events if event.tag not in reached] if planned else [],
    )


def _attempt(run: models.Run, row: models.Step, clock: Clock, logs: Sequence[models.RunLog]) -> Attempt:
    return Attempt(
        row=row,
        bar=clock.bar(row),
        input=_payload(run, row, "input"),
        output=_payload(run, row, "output"),
        logs=logs,
    )


def _payload(run: models.Run, row: models.Step, part: str) -> Payload | None:
    url = reverse("admin:integrations_run_step_payload", args=[run.pk, row.pk, part])
    return payload(getattr(row, f"{part}_text"), url=url)
