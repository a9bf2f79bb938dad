"""What the earlier attempts at a run have left of each of its events."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from integrations import models
from integrations.definitions.feature import Event
from integrations.definitions.truncation import is_truncated
from integrations.engine.records import RUN_TIMEOUT
from integrations.operations._effects import Effects
from integrations.types import Json

Status, Role = models.Step.Status, models.Step.Role
_GOOD = frozenset({Status.SUCCEEDED, Status.SKIPPED})
_UNFINISHED = frozenset({Status.RUNNING, Status.WAITING, Status.CANCELLED})
#: Failures after which the call may have been carried out all the same.
_UNCERTAIN_CODES = frozenset({
    "timeout", "read_timeout", "total_timeout", "connection_failed", "protocol_failed", "response_too_large",
    "bad_response", RUN_TIMEOUT,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One event in one run: the latest attempt of each of its steps, fallbacks included and rollbacks not."""

    run_id: uuid.UUID
    steps: tuple[models.Step, ...]
    #: Its rollback has succeeded: what it did is done no more.
    is_undone: bool = False
    #: Its nested runs that did not succeed, by what their step is called at its first attempt.
    nested: dict[str, models.Run] = field(default_factory=dict)
    #: Whether one of those has done something that counts.
    nested_wrote: bool = False

    def fits(self, event: Event) -> bool:
        """Return whether `event`, which may be of another version, still calls what these steps called."""
        called = {(step.type, step.target, step.app) for step in self.steps if step.role == Role.EVENT}
        return called <= {(event.type, event.event, event.app or "")}

    def is_finished(self, event: Event) -> bool:
        """Return whether the run went on behind it, so that nothing of it is to be done any more."""
        own = [step for step in self.steps if step.iteration == models.NO_ITERATION]
        if any(step.status in _GOOD for step in own if step.role == Role.EVENT):
            return True
        if any(step.status == Status.SUCCEEDED for step in own if step.role == Role.FALLBACK):
            return True
        return _may_fail(event) and self._has_failed()

    def kept(self, event: Event) -> tuple[models.Step, ...]:
        """Return the steps that need not be done again: all of a finished event, the finished iterations of a loop."""
        if self.is_finished(event):
            return self.steps
        return tuple(step for step in self.steps if _is_iteration(step) and step.status in _GOOD)

    def result(self) -> Json:
        """Return the event's result as it is stored, None if it has none."""
        own = [step for step in self.steps if step.iteration == models.NO_ITERATION]
        return next((step.output for step in reversed(own) if step.status == Status.SUCCEEDED), None)

    def is_truncated(self) -> bool:
        """Return whether its result, or that of an iteration, was too large to be stored whole."""
        return any(is_truncated(step.output) for step in self.steps if step.status == Status.SUCCEEDED)

    def writes(self, effects: Effects) -> list[models.Step]:
        """Return its calls that have done something to the outside."""
        looped = any(step.iteration != models.NO_ITERATION for step in self.steps)
        calls = [step for step in self.steps if not (looped and _is_summary(step))]
        return [step for step in calls if step.status == Status.SUCCEEDED and _effect(step, effects) != "read"]

    def uncertain(self, effects: Effects) -> bool:
        """Return whether a call was cut off that may have done something to the outside."""
        return any(_is_uncertain(step) and _effect(step, effects) != "read" for step in self.steps)

    def _has_failed(self) -> bool:
        statuses = {step.status for step in self.steps}
        timed_out = any(step.error_code == RUN_TIMEOUT for step in self.steps)
        return Status.FAILED in statuses and not statuses & _UNFINISHED and not timed_out


class Pasts:
    """The pasts of one run, and what other attempts of its lineage have done besides."""

    def __init__(self, run: models.Run, others: Iterable[models.Run], effects: Effects) -> None:
        self._run = run
        rows = _steps([run.pk])
        elsewhere = _steps([other.pk for other in others if other.pk != run.pk], with_values=False)
        undone = _undone([*rows, *elsewhere])
        self.own = _by_event(rows, undone)
        self._add_nested(effects)
        self._others: dict[tuple[str, str], list[Past]] = defaultdict(list)
        for run_id in sorted({row.run_id for row in elsewhere}, reverse=True):
            for key, past in _by_event([row for row in elsewhere if row.run_id == run_id], undone).items():
                self._others[key].append(past)

    def elsewhere(self, key: tuple[str, str], event: Event, effects: Effects) -> Past | None:
        """Return the newest attempt that did this event to its end, with an effect that still stands."""
        standing = (past for past in self._others[key] if not past.is_undone and past.fits(event))
        return next((past for past in standing if past.is_finished(event) and past.writes(effects)), None)

    def _add_nested(self, effects: Effects) -> None:
        nested = models.Run.objects.filter(parent=self._run).exclude(status=models.Run.Status.SUCCEEDED)
        rows = list(nested.defer("output", "evidence").order_by("pk"))
        wrote = _runs_that_wrote([row.pk for row in rows], effects)
        for row in rows:
            place = row.parent_step.partition("#")[0]
            key = _split(place)
            if key in self.own:
                past = self.own[key]
                wrote_too = past.nested_wrote or row.pk in wrote
                self.own[key] = replace(past, nested={**past.nested, place: row}, nested_wrote=wrote_too)


def _steps(run_ids: list[uuid.UUID], *, with_values: bool = True) -> list[models.Step]:
    rows = models.Step.objects.filter(run__in=run_ids).order_by("run", "position", "attempt")
    return list(rows if with_values else rows.defer("input", "output"))


def _by_event(rows: Iterable[models.Step], undone: set[tuple[uuid.UUID, str, str]]) -> dict[tuple[str, str], Past]:
    """Return the pasts of one run's steps, by sequence and event."""
    latest: dict[tuple[str, str], dict[tuple[str, str, int], models.Step]] = defaultdict(dict)
    for row in rows:
        if row.role != Role.ROLLBACK:
            latest[row.sequence, _tag(row)][row.event, row.role, row.iteration] = row
    return {key: _past(key, tuple(steps.values()), undone) for key, steps in latest.items()}


def _past(key: tuple[str, str], steps: tuple[models.Step, ...], undone: set[tuple[uuid.UUID, str, str]]) -> Past:
    is_undone = any((_executor(step), *key) in undone for step in steps)
    return Past(run_id=steps[0].run_id, steps=steps, is_undone=is_undone)


def _undone(rows: Iterable[models.Step]) -> set[tuple[uuid.UUID, str, str]]:
    """Return what was rolled back: the event, and the run that executed it, which may not be the one that undid it."""
    rows = list(rows)
    rolled_back = {
        (row.run_id, row.sequence, _tag(row))
        for row in rows
        if row.role == Role.ROLLBACK and row.status == Status.SUCCEEDED
    }
    return {
        (_executor(row), row.sequence, _tag(row))
        for row in rows
        if row.role != Role.ROLLBACK and (row.run_id, row.sequence, _tag(row)) in rolled_back
    }


def _runs_that_wrote(run_ids: list[uuid.UUID], effects: Effects) -> set[uuid.UUID]:
    done = models.Step.objects.filter(run__in=run_ids, status=Status.SUCCEEDED).defer("input", "output")
    return {step.run_id for step in done if _effect(step, effects) != "read"}


def _split(place: str) -> tuple[str, str]:
    """Return sequence and event of a step's place, such as `fetch/order[3] fallback`."""
    sequence, _, event = place.partition("/")
    return sequence, event.partition(" ")[0].partition("[")[0].partition("~")[0]


def _tag(step: models.Step) -> str:
    return step.event.partition("~")[0]


def _executor(step: models.Step) -> uuid.UUID:
    return step.taken_from or step.run_id


def _effect(step: models.Step, effects: Effects) -> str:
    return effects.of(type=step.type, target=step.target, app=step.app)


def _is_iteration(step: models.Step) -> bool:
    return step.role == Role.EVENT and step.iteration != models.NO_ITERATION


def _is_summary(step: models.Step) -> bool:
    return step.role == Role.EVENT and step.iteration == models.NO_ITERATION


def _is_uncertain(step: models.Step) -> bool:
    if step.status in (Status.CANCELLED, Status.RUNNING):
        return True
    return step.status == Status.FAILED and step.error_code in _UNCERTAIN_CODES


def _may_fail(event: Event) -> bool:
    return event.allow_fail or (event.fallback is not None and _may_fail(event.fallback))
