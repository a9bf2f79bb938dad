"""Which calls attempts at a run have made that changed something outside, those of the runs below them included."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from integrations import models
from integrations.runtime.history.effects import Effects

Status, Role = models.Step.Status, models.Step.Role

#: Sequence and event.
Key = tuple[str, str]
#: An event, and the run that executed it.
Place = tuple[uuid.UUID, Key]
#: One call: the run that executed it, its event, and which of the event's steps it was.
Call = tuple[uuid.UUID, Key, str, str, int]


@dataclass(frozen=True, slots=True)
class Link:
    """A run, and what it is linked to."""

    run_id: uuid.UUID
    parent: uuid.UUID | None
    #: What its step in the run above is called at the first try, such as `fetch/order[3] fallback`.
    step: str
    replay_of: uuid.UUID | None
    #: It kept no results and did not come to its end, so that nobody knows what it has written.
    is_blind: bool

    @property
    def place(self) -> Place:
        """Return which event of the run above started it; only asked of those that stand below one."""
        assert self.parent is not None  # noqa: S101 (for the type checker)
        sequence, _, event = self.step.partition("/")
        return self.parent, (sequence, event.partition(" ")[0].partition("[")[0].partition("~")[0])


def steps_of(run_ids: Iterable[uuid.UUID]) -> list[models.Step]:
    """Return the steps of runs in their order, long values left in the database."""
    rows = models.Step.objects.filter(run__in=list(run_ids)).order_by("run", "position", "attempt")
    return list(rows.defer("input", "output"))


def key_of(step: models.Step) -> Key:
    return step.sequence, step.event.partition("~")[0]


def executor(step: models.Step) -> uuid.UUID:
    """Return the run that executed a step, which may have been taken over since."""
    return step.taken_from or step.run_id


def place_of(step: models.Step) -> Place:
    return executor(step), key_of(step)


def is_outward(step: models.Step, effects: Effects) -> bool:
    """Return whether a step calls what may change something outside."""
    return effects.of(type=step.type, target=step.target, app=step.app) != "read"


def undone(steps: Iterable[models.Step]) -> set[Place]:
    """Return what was rolled back; the run that executed it may not be the one that undid it."""
    steps = list(steps)
    rolled_back = {
        (step.run_id, key_of(step)) for step in steps if step.role == Role.ROLLBACK and step.status == Status.SUCCEEDED
    }
    events = (step for step in steps if step.role != Role.ROLLBACK)
    return {place_of(step) for step in events if (step.run_id, key_of(step)) in rolled_back}


class NestedWrites:
    """The runs that some runs have started and all below those, retried alone or not, and what they have written."""

    def __init__(self, run_ids: Iterable[uuid.UUID], effects: Effects) -> None:
        #: The runs that these very runs have started, the oldest first.
        self.direct = _links(parent__in=list(run_ids))
        #: By run, the place that it stands below of.
        self._above = {link.run_id: link.place for link in self.direct}
        level = set(self._above)
        while level:
            level = self._add(_links(Q(parent__in=list(level)) | Q(replay_of__in=list(level))))
        self._written: dict[Place, set[Call]] = defaultdict(set)
        self._nesting = set(self._above.values())
        steps = steps_of(self._above)
        gone = undone(steps)
        for step in self.writes(steps, gone, effects):
            path = self._path(step.run_id)
            if gone.isdisjoint(path):
                self._written[path[-1]].add(_call(step))

    @property
    def places(self) -> set[Place]:
        """Return the events that have started something."""
        return {link.place for link in self.direct}

    def written(self, place: Place) -> set[Call]:
        """Return the calls below an event that have written and were not undone."""
        return self._written.get(place, set())

    def writes(self, steps: Iterable[models.Step], gone: set[Place], effects: Effects) -> list[models.Step]:
        """Return the steps that have written themselves: neither what sums up a loop nor what runs below have done."""
        steps = [step for step in steps if step.status == Status.SUCCEEDED and step.role != Role.ROLLBACK]
        looped = {(place_of(step), step.role) for step in steps if step.iteration != models.NO_ITERATION}
        return [
            step
            for step in steps
            if place_of(step) not in gone
            and not (step.type == "feature" and place_of(step) in self._nesting)
            and not (step.iteration == models.NO_ITERATION and (place_of(step), step.role) in looped)
            and is_outward(step, effects)
        ]

    def _add(self, links: list[Link]) -> set[uuid.UUID]:
        """Add what was found below, or as a replay of what was, and return what of it is new."""
        known = set(self._above)
        for link in links:
            if link.run_id in known:
                continue
            if link.parent in known:
                self._above[link.run_id] = link.place
            elif link.replay_of in known:
                self._above[link.run_id] = self._above[link.replay_of]
        return set(self._above) - known

    def _path(self, run_id: uuid.UUID) -> list[Place]:
        """Return the places that a run stands below of, the nearest first."""
        path = []
        while run_id in self._above:
            path.append(self._above[run_id])
            run_id = path[-1][0]
        return path


def writes_by_event(
    steps: Iterable[models.Step], gone: set[Place], effects: Effects, below: NestedWrites
) -> dict[Key, set[Call]]:
    """Return all calls that have written and were not undone; one whose result others have taken over is one call."""
    steps = list(steps)
    calls: dict[Key, set[Call]] = defaultdict(set)
    for step in below.writes(steps, gone, effects):
        calls[key_of(step)].add(_call(step))
    for place in below.places - gone:
        calls[place[1]] |= below.written(place)
    return calls


def _call(step: models.Step) -> Call:
    return executor(step), key_of(step), step.event, step.role, step.iteration


def _links(*conditions: Q, **more: Any) -> list[Link]:
    columns = ("pk", "parent", "parent_step", "replay_of", "store_event_results", "started_at", "status")
    rows = models.Run.objects.filter(*conditions, **more).order_by("pk").values_list(*columns)
    return [
        Link(
            pk,
            parent,
            step.partition("#")[0],
            replay_of,
            is_blind=bool(started_at and not stores and status != models.Run.Status.SUCCEEDED),
        )
        for pk, parent, step, replay_of, stores, started_at, status in rows
    ]
