"""What all attempts at a run have left of each of its events: what was done, what of it stands, and who did it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from integrations import models
from integrations.definitions.feature import Event
from integrations.definitions.truncation import is_truncated
from integrations.definitions.values.equality import json_equal
from integrations.engine.records import RUN_TIMEOUT
from integrations.runtime.history import lineage, side_effects, step_records
from integrations.runtime.history.effects import Effects
from integrations.runtime.history.side_effects import Key, Place
from integrations.types import Json

Status, Role = models.Step.Status, models.Step.Role
#: Which of its event's steps one is: name, role, iteration.
_Which = tuple[str, str, int]
_GOOD = frozenset({Status.SUCCEEDED, Status.SKIPPED})
_UNFINISHED = frozenset({Status.RUNNING, Status.WAITING, Status.CANCELLED})
#: Failures after which the call may have been carried out all the same.
_UNCERTAIN_CODES = frozenset({
    "timeout", "read_timeout", "total_timeout", "connection_failed", "connection_broken", "protocol_failed",
    "response_too_large", "bad_response", RUN_TIMEOUT,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class EventHistory:
    """One event in one attempt: the latest try of each of its steps, fallbacks included and rollbacks not."""

    run_id: uuid.UUID
    steps: tuple[models.Step, ...]
    #: Its rollback has succeeded: what it did is done no more.
    is_undone: bool = False
    #: Its nested runs, by what their step is called at its first try.
    nested: dict[str, uuid.UUID] = field(default_factory=dict)
    #: Whether one of its calls, or of those below it, did something to the outside.
    wrote: bool = False
    #: Whether a call, or a nested run that keeps no results, may have done so without anybody knowing.
    is_uncertain: bool = False

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
        return tuple(step for step in self.steps if step.iteration != models.NO_ITERATION and step.status in _GOOD)

    def gone_on_from(self, event: Event) -> dict[str, uuid.UUID]:
        """Return the nested runs that are not behind a step that is kept, by what their step is called."""
        if self.is_finished(event):
            return {}
        kept = {step_records.key_of(step).place(1) for step in self.kept(event)}
        return {place: run_id for place, run_id in self.nested.items() if place not in kept}

    def result(self) -> Json:
        """Return the event's result as it is stored, None if it has none."""
        own = [step for step in self.steps if step.iteration == models.NO_ITERATION]
        return next((step.output for step in reversed(own) if step.status == Status.SUCCEEDED), None)

    def is_truncated(self) -> bool:
        """Return whether its result, or that of an iteration, was too large to be stored whole."""
        return any(is_truncated(step.output) for step in self.steps if step.status == Status.SUCCEEDED)

    def _has_failed(self) -> bool:
        statuses = {step.status for step in self.steps}
        timed_out = any(step.error_code == RUN_TIMEOUT for step in self.steps)
        return Status.FAILED in statuses and not statuses & _UNFINISHED and not timed_out


class RunHistory:
    """The pasts of a run and of all other attempts at what it did."""

    def __init__(self, run: models.Run, effects: Effects) -> None:
        others = lineage.attempts_at([run.pk]) - {run.pk}
        #: Every attempt, the run itself first, then the newest.
        self.attempts = (run.pk, *sorted(others, reverse=True))
        steps = side_effects.steps_of(self.attempts)
        undone = side_effects.undone(steps)
        below = side_effects.NestedWrites(self.attempts, effects)
        self._made = side_effects.writes_by_event(steps, undone, effects, below)
        self._of = _by_place(steps, undone, effects, below)
        self._read_attempts(run)

    def is_undone(self, key: Key) -> bool:
        """Return whether what the run itself did there was rolled back."""
        past = self._of.get((self.attempts[0], key))
        return past is not None and past.is_undone

    def own(self, key: Key, event: Event) -> EventHistory | None:
        """Return what the run itself has left of the event, unless it was undone."""
        return next((past for past in self._standing(key, event) if past.run_id == self.attempts[0]), None)

    def written(self, key: Key, event: Event) -> EventHistory | None:
        """Return what was written here and not undone: to the end, or else as much as all attempts have done together.

        What was written for the run's own input comes before what was for another; of that not all is put together.
        """
        wrote = [past for past in self._standing(key, event) if past.wrote]
        alike = [past for past in wrote if self.is_alike(past)]
        finished = next((past for past in alike or wrote if past.is_finished(event)), None)
        if finished is not None or not alike:
            return finished or next(iter(wrote), None)
        own = self.own(key, event)
        return _together(alike if own is None or own in alike else [own, *alike], event)

    def is_alike(self, past: EventHistory) -> bool:
        """Return whether this attempt had the same input as the run itself."""
        return past.run_id in self._alike

    def times(self, key: Key) -> int:
        """Return how often all attempts together have written here, without what was undone."""
        return len(self._made.get(key, ()))

    def is_uncertain(self, key: Key) -> bool:
        """Return whether some attempt was cut off here in the middle of what may have been a write."""
        return any(past.is_uncertain for (_, each), past in self._of.items() if each == key)

    def fill(self, pasts: Iterable[EventHistory]) -> None:
        """Read what these steps gave, all at once."""
        steps = {step.pk: step for past in pasts for step in past.steps if step.status == Status.SUCCEEDED}
        for pk, output in models.Step.objects.filter(pk__in=list(steps)).values_list("pk", "output"):
            steps[pk].output = output

    def _standing(self, key: Key, event: Event) -> list[EventHistory]:
        found = (self._of.get((run_id, key)) for run_id in self.attempts)
        return [past for past in found if past is not None and not past.is_undone and past.fits(event)]

    def _read_attempts(self, run: models.Run) -> None:
        """Find out which attempts had the same input, and which of them kept no results."""
        rows = models.Run.objects.filter(pk__in=self.attempts[1:])
        columns = rows.values_list("pk", "input", "store_event_results", "started_at")
        self._alike, blind = {run.pk}, set() if run.store_event_results else {run.pk}
        for pk, its_input, stores, started_at in columns:
            self._alike |= {pk} if json_equal(its_input, run.input) else set()
            blind |= {pk} if started_at and not stores else set()
        #: The first of those of which nobody knows what they have written, None if it is known of all.
        self.blind: uuid.UUID | None = next((pk for pk in self.attempts if pk in blind), None)


def _by_place(
    steps: Iterable[models.Step], undone: set[Place], effects: Effects, below: side_effects.NestedWrites
) -> dict[Place, EventHistory]:
    latest: dict[Place, dict[_Which, models.Step]] = defaultdict(dict)
    for step in steps:
        if step.role != Role.ROLLBACK:
            latest[step.run_id, side_effects.key_of(step)][_which(step)] = step
    nested: dict[Place, list[side_effects.Link]] = defaultdict(list)
    for link in below.direct:
        nested[link.place].append(link)
    return {
        place: _past(place, tuple(latest[place].values()), nested[place], undone, effects, below)
        for place in [*latest, *(nested.keys() - latest.keys())]
    }


def _past(
    place: Place,
    steps: tuple[models.Step, ...],
    nested: list[side_effects.Link],
    undone: set[Place],
    effects: Effects,
    below: side_effects.NestedWrites,
) -> EventHistory:
    places = {place, *map(side_effects.place_of, steps)}
    outward = [step for step in steps if side_effects.is_outward(step, effects)]
    return EventHistory(
        run_id=place[0],
        steps=steps,
        is_undone=not places.isdisjoint(undone),
        nested={link.step: link.run_id for link in nested},
        wrote=bool(below.writes(steps, set(), effects)) or any(map(below.written, places)),
        is_uncertain=any(map(_is_cut_off, outward)) or any(link.is_blind for link in nested),
    )


def _which(step: models.Step) -> _Which:
    """Return what tells a step from the others of its event."""
    return step.event, step.role, step.iteration


def _together(pasts: list[EventHistory], event: Event) -> EventHistory:
    """Return what unfinished pasts of one event make together, what stands first before what comes later."""
    steps: dict[_Which, models.Step] = {}
    nested: dict[str, uuid.UUID] = {}
    for past in reversed(pasts):
        steps |= {_which(step): step for step in past.kept(event)}
        nested |= past.nested
    return replace(pasts[0], steps=tuple(steps.values()), nested=nested, wrote=True)


def _is_cut_off(step: models.Step) -> bool:
    if step.status in (Status.CANCELLED, Status.RUNNING):
        return True
    return step.status == Status.FAILED and step.error_code in _UNCERTAIN_CODES


def _may_fail(event: Event) -> bool:
    return event.allow_fail or (event.fallback is not None and _may_fail(event.fallback))
