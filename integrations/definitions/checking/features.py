"""Checks a feature against everything else in its integration, and a run's input against a feature."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import islice

from integrations.definitions.base import nearest
from integrations.definitions.checking import graphs, starts, uses
from integrations.definitions.checking.bindings import binding_problems
from integrations.definitions.checking.events import EventChecker
from integrations.definitions.checking.fitting import check_node, parse_readable
from integrations.definitions.checking.scopes import Scopes
from integrations.definitions.contents import Contents
from integrations.definitions.feature import Feature, Sequence
from integrations.definitions.references import Scope
from integrations.definitions.values import check_fields, check_values
from integrations.errors import InvalidInput, Problem, join_place
from integrations.types import Json, JsonObject

#: Past these, a definition is not worth listing further, and hints for each would take long to find.
MAX_PROBLEMS = 100


def check_feature(feature: Feature, contents: Contents, *, place: str | None = None) -> list[Problem]:
    """Return everything that is wrong with a feature among `contents`, in the order in which it is written.

    Places start with `place`, `features/<tag>` when not given. At most `MAX_PROBLEMS`.
    """
    features = {**contents.features, feature.tag: feature}
    own_contents = dataclasses.replace(contents, features=features)
    found = _problems(feature, own_contents, place if place is not None else f"features/{feature.tag}")
    return list(islice(found, MAX_PROBLEMS))


def check_input(feature: Feature, values: Json) -> JsonObject:
    """Return a run's input with defaults filled in; a feature without declared input takes any object.

    Raises:
        InvalidInput: with every problem at a place such as `input/order/lines[0]/price`.
    """
    if not isinstance(values, dict):
        raise InvalidInput([Problem("input", "should be an object")])
    if not feature.input:
        return values
    filled, problems = check_values(feature.input, values, place="input")
    if problems:
        raise InvalidInput(problems)
    return filled


def _problems(feature: Feature, contents: Contents, place: str) -> Iterator[Problem]:
    yield from check_fields(feature.input, place=join_place(place, "input"))
    if feature.is_code:
        yield from check_fields(feature.code_output.output_keys, place=join_place(place, "output/output_keys"))
    ancestors = graphs.Ancestors(_known_parents(feature))
    scopes = Scopes(feature, contents, ancestors)
    yield from _parent_problems(feature, ancestors, place)
    yield from _sequence_problems(feature, contents, scopes, place)
    if not feature.is_code:
        yield from _mapping_problems(feature.output, scopes.after_all(), join_place(place, "output"))
    if feature.deduplicate is not None:
        where = join_place(place, "deduplicate/key")
        yield from _mapping_problems(feature.deduplicate.key, scopes.before_all(), where)
    yield from starts.loops_of_feature(feature, contents, place)
    yield from binding_problems(uses.uses_of_feature(feature, place=place), contents)


def _known_parents(feature: Feature) -> dict[str, list[str]]:
    tags = {sequence.sequence_tag for sequence in feature.sequence}
    return {each.sequence_tag: [parent for parent in each.parents if parent in tags] for each in feature.sequence}


def _parent_problems(feature: Feature, ancestors: graphs.Ancestors, place: str) -> Iterator[Problem]:
    position: dict[str, int] = {}
    for index, sequence in enumerate(feature.sequence):
        where = join_place(place, f"sequence[{index}]")
        if sequence.sequence_tag in position:
            message = f'there is already a sequence "{sequence.sequence_tag}"'
            yield Problem(join_place(where, "sequence_tag"), message, "give each sequence a tag of its own")
        position.setdefault(sequence.sequence_tag, index)
    for index, sequence in enumerate(feature.sequence):
        for number, parent in enumerate(sequence.parents):
            if parent not in position:
                where = join_place(place, f"sequence[{index}]/parents[{number}]")
                yield Problem(where, f'unknown sequence "{parent}"', nearest(parent, position))
    for loop in ancestors.loops:
        # The search went from a sequence to its parents, so the loop reads "waits for".
        where = join_place(place, f"sequence[{position[loop.members[0]]}]/parents")
        yield Problem(where, f"the parents form a loop: {loop}", "remove one of these parents")


def _sequence_problems(feature: Feature, contents: Contents, scopes: Scopes, place: str) -> Iterator[Problem]:
    for index, sequence in enumerate(feature.sequence):
        where = join_place(place, f"sequence[{index}]")
        yield from _duplicate_events(sequence, where)
        for number, event in enumerate(sequence.events):
            checker = EventChecker(sequence, event, contents, scopes)
            yield from checker.problems(place=f"{where}/events[{number}]")


def _duplicate_events(sequence: Sequence, place: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, event in enumerate(sequence.events):
        if event.tag in seen:
            message = f'there is already an event "{event.tag}" in sequence "{sequence.sequence_tag}"'
            yield Problem(f"{place}/events[{number}]", message, "give it a name of its own in `name`")
        seen.add(event.tag)


def _mapping_problems(mapping: Json, scope: Scope, place: str) -> Iterator[Problem]:
    node, problems = parse_readable(mapping, place=place)
    yield from problems
    yield from check_node(None, node, scope, place=place)
