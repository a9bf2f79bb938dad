"""Works out what a replay takes over and what it does again; nothing is written but in `put`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from integrations import models
from integrations.definitions.checking.uses import mappings_of
from integrations.definitions.effects import Effect
from integrations.definitions.feature import Event, Feature
from integrations.definitions.references import Path, Reference, parse_template, references_of
from integrations.definitions.release import Release
from integrations.engine import graph
from integrations.engine.secrecy import holds_redacted
from integrations.errors import NotFound, Problem
from integrations.runtime.history.effects import Effects
from integrations.runtime.history.event_history import EventHistory, RunHistory
from integrations.types import Json

#: Where a replay starts: from nothing, behind all that has finished, or at an event, written `sequence/event`.
BEGINNING, FAILURE = "beginning", "failure"

Key = tuple[str, str]
#: What reads results besides events.
_OUTPUT = "output"
#: A write that has happened is done again, or what it gave is taken over.
Choice = Literal["again", "take_over"]
#: `take_over`: its result is there. `go_on`: some of its iterations, or a part of its nested run, are. `again`: it was
#: done and will be done once more. `run`: it was not done yet.
Fate = Literal["take_over", "go_on", "again", "run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """An event that has done something to the outside, in whichever attempt."""

    place: str
    effect: Effect
    #: How often it has called in all attempts together, and what it nests has; what was undone is left out.
    times: int
    #: The run whose result would be taken over: the one that is replayed, or another attempt at it.
    run_id: uuid.UUID
    #: Only some of it is done: iterations of a loop, or a part of its nested run.
    is_partial: bool
    choice: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPlan:
    place: str
    event: Event
    effect: Effect
    fate: Fate
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a replay will do, event by event in the order of the graph."""

    events: tuple[EventPlan, ...]
    writes: tuple[Write, ...]
    #: Events whose calls were cut off, so that nobody knows whether they were carried out.
    uncertain: tuple[str, ...]
    #: An attempt that kept no results of its steps, so that nobody knows what it has done; None if there is none.
    blind: uuid.UUID | None
    #: The newest attempt that there is.
    newest: uuid.UUID
    #: What stands in the way.
    problems: tuple[Problem, ...]
    #: Ids of the steps to take over.
    step_ids: tuple[int, ...] = ()
    #: Ids of the nested runs to go on from, by step.
    nested_from: Mapping[str, str] = field(default_factory=dict)

    @property
    def unknown_writes(self) -> str:
        """Return why it is not known what has been written, or "" if it is."""
        if self.blind is None or all(each.effect == "read" for each in self.events):
            return ""
        return f"run {self.blind} kept no results of its steps, so nobody knows what it has written"


def plan(
    run: models.Run,
    release: Release,
    *,
    start: str,
    choices: Mapping[str, Choice],
    others: Choice = "again",
    keep_writes: bool = False,
) -> Plan:
    """Return what a replay of `run` on `release` does.

    `choices` says by place what becomes of writes that have happened, in this run or in another attempt. Of the others,
    those before `start` and those that cannot be undone are taken over, and the rest treated as `others` says. With
    `keep_writes` all are taken over.

    Raises:
        NotFound: there is no event at `start`.
    """
    return _Planner(run, release, choices=choices, others=others, keep_writes=keep_writes).plan(start)


def put(replay: models.Run, step_ids: tuple[int, ...]) -> None:
    """Store steps of earlier attempts as checkpoints of a replay, in their order; called in its transaction."""
    rows = models.Step.objects.filter(pk__in=step_ids).order_by("started_at", "position", "pk")
    copies = [_copy(row, replay, position) for position, row in enumerate(rows)]
    models.Step.objects.bulk_create(copies, batch_size=500)


def _copy(step: models.Step, replay: models.Run, position: int) -> models.Step:
    columns = {field.attname: getattr(step, field.attname) for field in models.Step._meta.concrete_fields}
    own = {"id": None, "run_id": replay.pk, "position": position, "taken_from": step.taken_from or step.run_id}
    return models.Step(**{**columns, **own})


def at_or_after(feature: Feature, key: Key) -> set[Key]:
    """Return the events that come at or behind one: in its own sequence, and in all that wait for that."""
    children = graph.children_of({each.sequence_tag: each.parents for each in feature.sequence})
    sequence, event = key
    behind, pending = set(), list(children.get(sequence, ()))
    while pending:
        tag = pending.pop()
        if tag not in behind:
            behind.add(tag)
            pending += children[tag]
    found = {each for each, _ in _events(feature) if each[0] in behind}
    own = [each for each, _ in _events(feature) if each[0] == sequence]
    return found | set(own[own.index((sequence, event)) :])


@dataclass(slots=True)
class _Draft:
    """One event while the plan is made."""

    key: Key
    event: Event
    effect: Effect
    past: EventHistory | None
    fate: Fate = "run"
    why: str = ""
    write: Write | None = None
    problem: Problem | None = None

    @property
    def place(self) -> str:
        return "/".join(self.key)


class _Planner:
    def __init__(
        self,
        run: models.Run,
        release: Release,
        *,
        choices: Mapping[str, Choice],
        others: Choice,
        keep_writes: bool,
    ) -> None:
        self._run, self._feature = run, release.feature
        self._choices, self._others, self._keep_writes = choices, others, keep_writes
        self._effects = Effects.read(release, run.integration_id)
        self._pasts = RunHistory(run, self._effects)

    def plan(self, start: str) -> Plan:
        again = self._again(start)
        drafts = [self._draft(key, event, again) for key, event in _events(self._feature)]
        problems = self._settle_lost(drafts)
        kept = [draft for draft in drafts if draft.fate in ("take_over", "go_on") and draft.past is not None]
        return Plan(
            events=tuple(_described(draft) for draft in drafts),
            writes=tuple(draft.write for draft in drafts if draft.write is not None),
            uncertain=tuple(draft.place for draft in drafts if self._is_uncertain(draft)),
            blind=self._pasts.blind,
            newest=max(self._pasts.attempts),
            problems=(*(draft.problem for draft in drafts if draft.problem is not None), *problems),
            step_ids=tuple(step.pk for draft in kept for step in draft.past.kept(draft.event)),  # type: ignore[union-attr]  # narrowed above
            nested_from={
                place: str(nested)
                for draft in kept
                for place, nested in draft.past.gone_on_from(draft.event).items()  # type: ignore[union-attr]  # narrowed above
            },
        )

    def _again(self, start: str) -> set[Key]:
        """Return the events from `start` on, and those from each on that was undone since."""
        keys = [key for key, _ in _events(self._feature)]
        again = {each for key in keys if self._pasts.is_undone(key) for each in at_or_after(self._feature, key)}
        if start == BEGINNING:
            return set(keys)
        if start == FAILURE:
            return again
        key = tuple(start.split("/", 1))
        if key not in keys:
            raise NotFound("step", start, ["/".join(each) for each in keys])
        return again | at_or_after(self._feature, (key[0], key[1]))

    def _draft(self, key: Key, event: Event, again: set[Key]) -> _Draft:
        own, written = self._pasts.own(key, event), self._pasts.written(key, event)
        is_own = written is None or not self._pasts.is_alike(written) or (own is not None and own.is_finished(event))
        past = own if is_own else written
        draft = _Draft(key, event, self._effects.of_events([event]), past)
        if self._pasts.is_undone(key):
            draft.fate, draft.why = "again", "its rollback has undone it"
        elif past is not None:
            draft.fate = "again" if key in again else _fate(past, event)
        if written is not None:
            self._ask(draft, written, is_before=key not in again and draft.fate != "run")
        return draft

    def _ask(self, draft: _Draft, written: EventHistory, *, is_before: bool) -> None:
        """Do with an event that has written before as was chosen; `is_before` is one that the replay leaves alone."""
        choice = self._choices.get(draft.place) or self._default(draft, is_before=is_before)
        draft.write = Write(
            place=draft.place,
            effect=draft.effect,
            times=self._pasts.times(draft.key),
            run_id=written.run_id,
            is_partial=not written.is_finished(draft.event),
            choice=choice,
        )
        if choice == "again":
            draft.fate = "again"
        elif not is_before:
            draft.past, draft.fate, draft.why = written, _fate(written, draft.event), ""
            draft.problem = self._misfit(draft, written)

    def _default(self, draft: _Draft, *, is_before: bool) -> Choice:
        if is_before or self._keep_writes or draft.effect == "irreversible":
            return "take_over"
        return self._others

    def _misfit(self, draft: _Draft, written: EventHistory) -> Problem | None:
        """Return why a write is not taken over: it was made with another input, and nobody said that it would do."""
        is_meant = draft.write is not None and not draft.write.is_partial and not self._keep_writes
        if is_meant or self._pasts.is_alike(written):
            return None
        message = f"run {written.run_id}, an attempt with another input, has written this"
        return Problem(f"writes/{draft.place}", message, "replay the run and say that it is done again, if it may be")

    def _is_uncertain(self, draft: _Draft) -> bool:
        return draft.fate != "take_over" and self._pasts.is_uncertain(draft.key)

    def _settle_lost(self, drafts: list[_Draft]) -> list[Problem]:
        """Read anew what was not stored as later events read it; return where that would be a write.

        The output is a reader, too, but for what is redacted: it would be redacted itself.
        """
        by_key = {draft.key: draft for draft in drafts}
        self._pasts.fill(draft.past for draft in drafts if draft.fate == "take_over" and draft.past is not None)
        problems: dict[str, Problem] = {}
        pending = [(draft.place, list(_reads(draft.event))) for draft in drafts if draft.fate != "take_over"]
        pending.append((_OUTPUT, list(_references(self._feature.output))))
        while pending:
            reader, reads = pending.pop()
            for read, path in reads:
                draft = by_key.get(read)
                lost = _lost(draft, path, reader) if draft is not None and draft.fate == "take_over" else ""
                if draft is None or not lost:
                    continue
                if draft.effect == "read":
                    draft.fate, draft.why = "again", f"what it gave was {lost} when it was stored"
                    pending.append((draft.place, list(_reads(draft.event))))
                else:
                    message = f'"{reader}" reads of its result what was {lost} when it was stored'
                    hint = "do it again, or start behind what reads it"
                    problems[draft.place] = Problem(f"writes/{draft.place}", message, hint)
        return list(problems.values())


def _events(feature: Feature) -> Iterator[tuple[Key, Event]]:
    """Give the events in the order of the graph, each with sequence and tag."""
    order = graph.in_order({each.sequence_tag: each.parents for each in feature.sequence})
    by_tag = {each.sequence_tag: each for each in feature.sequence}
    for tag in order:
        for event in by_tag[tag].events:
            yield (tag, event.tag), event


def _fate(past: EventHistory, event: Event) -> Fate:
    if past.is_finished(event):
        return "take_over"
    return "go_on" if past.kept(event) or past.gone_on_from(event) else "run"


def _described(draft: _Draft) -> EventPlan:
    return EventPlan(place=draft.place, event=draft.event, effect=draft.effect, fate=draft.fate, why=draft.why)


def _reads(event: Event | None) -> Iterator[tuple[Key, Path]]:
    """Give what an event and its stand-ins read of other events: which, and where in its result."""
    if event is not None:
        for _, mapping in mappings_of(event):
            yield from _references(mapping)
        yield from _reads(event.fallback)


def _references(mapping: Json) -> Iterator[tuple[Key, Path]]:
    for _, pointer in references_of(parse_template(mapping)):
        if isinstance(pointer, Reference) and pointer.root == "Sequence":
            sequence, tag, *path = pointer.path
            yield (str(sequence), str(tag)), tuple(path)


def _lost(draft: _Draft, path: Path, reader: str) -> str:
    """Return why what stands at `path` of an event's result is not there to be read, or ""."""
    if draft.past is None:
        return ""
    if draft.past.is_truncated():
        return "truncated"
    is_redacted = reader != _OUTPUT and holds_redacted(_at(draft.past.result(), path))
    return "redacted" if is_redacted else ""


def _at(value: Json, path: Path) -> Json:
    for key in path:
        try:
            value = value[key]  # type: ignore[index]  # what does not fit is caught
        except (TypeError, LookupError):
            return None
    return value
