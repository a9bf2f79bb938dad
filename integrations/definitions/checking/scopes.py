"""What each mapping of a feature may refer to, without building a set of names for every event."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TypeVar

from integrations.definitions.checking import shapes
from integrations.definitions.checking.graphs import Ancestors
from integrations.definitions.contents import Contents
from integrations.definitions.feature import Event, Feature, Sequence
from integrations.definitions.references import Reference, Scope, Shape, Template, references_of

Value = TypeVar("Value")
Events = Mapping[str, "Shape | None"]


class _Prefix(Mapping[str, Value]):
    """The first `count` entries of a mapping, as a view."""

    def __init__(self, entries: Mapping[str, Value], positions: Mapping[str, int], count: int) -> None:
        self._entries, self._positions, self._count = entries, positions, count

    def __getitem__(self, key: str) -> Value:
        if self._positions[key] >= self._count:
            raise KeyError(key)
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._entries if self._positions[key] < self._count)

    def __len__(self) -> int:
        return min(self._count, len(self._entries))


class _Finished(Mapping[str, Events]):
    """The sequences that a sequence can see: those above it, and itself up to the event that looks."""

    def __init__(self, everything: Mapping[str, Events], above: Ancestors, own: str, earlier: Events) -> None:
        self._everything, self._above, self._own, self._earlier = everything, above, own, earlier

    def __getitem__(self, tag: str) -> Events:
        if tag == self._own:
            return self._earlier
        if not self._above.is_above(tag, self._own):
            raise KeyError(tag)
        return self._everything[tag]

    def __iter__(self) -> Iterator[str]:
        return (tag for tag in self._everything if tag in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Scopes:
    """Makes the scope of each place in one feature."""

    def __init__(self, feature: Feature, contents: Contents, above: Ancestors) -> None:
        self._contents = contents
        self._above = above
        self._results = {each.sequence_tag: self._results_of(each) for each in feature.sequence}
        self._positions = {tag: {name: i for i, name in enumerate(events)} for tag, events in self._results.items()}
        self._tags = frozenset(self._results)
        self._base = Scope(
            input_fields={field.key: shapes.of_field(field) for field in feature.input} or None,
            variables={
                tag: {each.key: shapes.of_field(each) for each in app.variables} for tag, app in contents.apps.items()
            },
            constants={
                tag: {constant.key: shapes.of_value(constant.value, constant.key) for constant in app.constants}
                for tag, app in contents.apps.items()
            },
            secrets=contents.secrets.keys(),
            functions={tag: shapes.of_function(function) for tag, function in contents.functions.items()},
        )

    def before_all(self) -> Scope:
        """What is known when a run is asked for: its input, nothing that runs."""
        return self._base

    def after_all(self) -> Scope:
        """What the feature's output may refer to."""
        return dataclasses.replace(self._base, sequences=self._results)

    def at(self, sequence: Sequence, event: Event, *, after: bool = False) -> Scope:
        """What an event's mappings may refer to; `after` counts its own result in, for what runs behind it."""
        tag = sequence.sequence_tag
        # An event that has lost its name to a later one of the same name is reported for that.
        position = self._positions[tag].get(event.tag, 0) + after
        earlier = _Prefix(self._results[tag], self._positions[tag], position)
        return dataclasses.replace(
            self._base,
            sequences=_Finished(self._results, self._above, tag, earlier),
            unreachable_sequences=self._tags,
        )

    def calling(self, scope: Scope, event: Event) -> Scope:
        """Return the scope with what the event's own app offers."""
        app = self._contents.apps.get(event.app or "")
        return dataclasses.replace(scope, auths=[auth.tag for auth in app.auths]) if app else scope

    def seen_from(self, scope: Scope, template: Template) -> Scope:
        """Return the scope that can tell an event that runs later from one that does not exist."""
        named = {
            (str(reference.path[0]), str(reference.path[1]))
            for _, reference in references_of(template)
            if isinstance(reference, Reference) and reference.root == "Sequence"
        }
        later = {
            (sequence, event)
            for sequence, event in named
            if sequence in scope.sequences
            and event not in scope.sequences[sequence]
            and event in self._results[sequence]
        }
        return dataclasses.replace(scope, later_events=frozenset(later)) if later else scope

    def result_of(self, sequence: Sequence, event: Event) -> Shape | None:
        return self._results[sequence.sequence_tag].get(event.tag)

    def _results_of(self, sequence: Sequence) -> dict[str, Shape | None]:
        return {event.tag: shapes.of_event(event, self._own_result(event)) for event in sequence.events}

    def _own_result(self, event: Event) -> Shape | None:
        match event.type:
            case "action":
                app = self._contents.apps.get(event.app or "")
                action = app.action(event.event) if app else None
                return shapes.of_action(action) if action else None
            case "function":
                function = self._contents.functions.get(event.event)
                return shapes.of_output(function.output, f"the result of {function.tag}") if function else None
            case "approval":
                return shapes.of_approval(event)
        return None
