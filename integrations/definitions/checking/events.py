"""Checks one event of a feature: what it calls, when, and with which input."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from integrations.definitions import header_names
from integrations.definitions.app import Action, App
from integrations.definitions.checking.conditions import check_condition, inside_condition
from integrations.definitions.checking.fitting import (
    UNREADABLE,
    check_members,
    check_node,
    literal_value,
    parse_readable,
)
from integrations.definitions.checking.scopes import Scopes
from integrations.definitions.checking.targets import action_of, call_of, check_call, check_known, input_fields
from integrations.definitions.contents import Contents
from integrations.definitions.feature import Event, Sequence
from integrations.definitions.field import Field
from integrations.definitions.references import FunctionCall, ObjectNode, Scope, Shape, Template
from integrations.definitions.values import check_schema, place_flat_input, section_fields
from integrations.definitions.values.fields import missing_field
from integrations.definitions.values.placement import (
    is_sectioned,
    missing_placeholders,
    spelled_as_declared,
    supplied_by_auths,
    unnamed_params,
)
from integrations.errors import Problem, join_place
from integrations.types import Json

#: Events whose results are no other run's.
_NEVER_CACHED = {"approval": "an approval is decided", "wait": "a wait passes"}
#: An input and its place.
Given: TypeAlias = tuple[Mapping[str, Json], str]


class EventChecker:
    """Checks one event of a sequence, with the fallbacks and rollbacks that stand in for it."""

    def __init__(self, sequence: Sequence, event: Event, contents: Contents, scopes: Scopes) -> None:
        self._sequence, self._own, self._contents, self._scopes = sequence, event, contents, scopes

    def problems(self, *, place: str) -> Iterator[Problem]:
        yield from self._event(self._own, self._scopes.at(self._sequence, self._own), place)

    def _event(self, event: Event, scope: Scope, place: str, given: Given | None = None) -> Iterator[Problem]:
        """Check the event itself or one that stands in for it, with `given` in the place of its own input."""
        call = call_of(event)
        scope = self._scopes.calling(scope, event)
        response = self._result_of(event)
        yield from check_call(call, self._contents, place=place)
        yield from self._cache_problems(event, place)
        if event.condition is not None:
            where = join_place(place, "condition")
            yield from check_condition(
                event.condition, scope, place=where, response=response, seen_from=self._scopes.seen_from
            )
        inside = inside_condition(event.condition, scope, response)
        values, where = given or (event.input, join_place(place, "input"))
        yield from self._input(event, values, inside, where)
        yield from self._stand_ins(event, scope, place)

    def _stand_ins(self, event: Event, scope: Scope, place: str) -> Iterator[Problem]:
        if event.fallback is not None:
            behind = dataclasses.replace(scope, has_response=True)
            yield from self._event(event.fallback, behind, join_place(place, "fallback"))
        if event.rollback is not None:
            yield from self._rollback(event, event.rollback, place)
        elif event.rollback_input is not None:
            where = join_place(place, "rollback_input")
            yield Problem(where, "is given without a rollback", "say in rollback which event undoes this one")

    def _rollback(self, event: Event, rollback: Event, place: str) -> Iterator[Problem]:
        """A rollback runs once its event has succeeded, and is given `rollback_input` in place of its own input."""
        scope = self._scopes.at(self._sequence, self._own, after=True)
        scope = dataclasses.replace(scope, has_response=True, response=self._result_of(event))
        given = None
        if event.rollback_input is not None:
            given = (event.rollback_input, join_place(place, "rollback_input"))
        yield from self._event(rollback, scope, join_place(place, "rollback"), given)

    def _result_of(self, event: Event) -> Shape | None:
        """Return what is known of a result; of a stand-in's nothing is."""
        return self._scopes.result_of(self._sequence, event) if event is self._own else None

    def _cache_problems(self, event: Event, place: str) -> Iterator[Problem]:
        if event.cache is None:
            return
        where, cache = join_place(place, "cache"), self._contents.caches.get(event.cache)
        if event.type in _NEVER_CACHED:
            yield Problem(where, f"{_NEVER_CACHED[event.type]} anew in each run, so it takes no cache")
            return
        own = (self._sequence.sequence_tag, event.tag)
        if cache is None:
            yield from check_known("cache", event.cache, self._contents.caches, place=where)
        elif (cache.sequence_tag, cache.event_tag) != own:
            theirs = f'event "{cache.event_tag}" of sequence "{cache.sequence_tag}"'
            yield Problem(where, f'cache "{cache.tag}" belongs to {theirs}', "make a cache for this event")

    def _input(self, event: Event, values: Mapping[str, Json], scope: Scope, place: str) -> Iterator[Problem]:
        node, problems = parse_readable(dict(values), place=place)
        yield from problems
        scope = self._scopes.seen_from(scope, node)
        found = action_of(call_of(event), self._contents)
        if isinstance(node, FunctionCall) or node is UNREADABLE:
            yield from check_node(None, node, scope, place=place)
        elif isinstance(node, ObjectNode) and found:
            yield from _action_input(*found, dict(values), dict(node.members), scope, place)
        elif isinstance(node, ObjectNode):
            members, fields = dict(node.members), input_fields(call_of(event), self._contents)
            if event.type == "approval" and (payload := members.pop("payload", None)) is not None:
                yield from check_node(None, payload, scope, place=join_place(place, "payload"))
            yield from check_members(fields, members, scope, place=place, allow_unknown=not fields)


def _action_input(
    app: App, action: Action, values: dict[str, Json], members: dict[str, Template], scope: Scope, place: str
) -> Iterator[Problem]:
    sections, problems = place_flat_input(action, values, place=place)
    yield from problems
    refused = {problem.place for problem in problems}
    sectioned = is_sectioned(action, values)
    for key, member in members.items():
        if join_place(place, key) in refused:  # its references are still worth checking
            yield from check_node(None, member, scope, place=join_place(place, key))
    supplied = supplied_by_auths(app)
    for section, fields in section_fields(action).items():
        where = join_place(place, section) if sectioned else place
        if where in refused:
            continue
        node = members.get(section) if sectioned else _picked(members, sections.get(section))
        if section == "body" and action.body_schema is not None:
            yield from _schema_problems(action.body_schema, node, scope, where)
        else:
            yield from _section_problems(section, list(fields), node, scope, where, supplied[section])
        if section == "params":
            given = dict(node.members) if isinstance(node, ObjectNode) else {}
            declared = {field.key for field in fields}
            missing = missing_placeholders(action, given.keys() | supplied["params"] | declared)
            yield from (missing_field(name, where) for name in missing)
            yield from () if declared else unnamed_params(action, given, place=where)


def _picked(members: dict[str, Template], section: Json) -> Template | None:
    """Return the flat members that were sorted into one section, as that section."""
    if not isinstance(section, dict):
        return None
    return ObjectNode(tuple((key, members[key]) for key in section))


def _section_problems(
    section: str, fields: list[Field], node: Template | None, scope: Scope, place: str, supplied: set[str]
) -> Iterator[Problem]:
    if node is UNREADABLE:
        return
    if node is None or isinstance(node, ObjectNode):
        members = spelled_as_declared(section, fields, dict(node.members) if node else {})
        if section == "headers":
            refused = ((name, header_names.refusal(name)) for name in members)
            yield from (Problem(join_place(place, name), reason) for name, reason in refused if reason)
        yield from check_members(
            fields,
            members,
            scope,
            place=place,
            allow_unknown=section == "headers" or not fields,
            supplied=supplied,
        )
    else:
        whole = Field(key=section, type="object") if fields else None
        yield from check_node(whole, node, scope, place=place)


def _schema_problems(schema: dict[str, Json], node: Template | None, scope: Scope, place: str) -> Iterator[Problem]:
    """Check a body against its schema: all of it where it holds no references, else the keys that must be there."""
    plain, value = (True, {}) if node is None else literal_value(node)
    if plain:
        yield from check_schema(schema, value, place=place)
        return
    if node is not None:
        yield from check_node(None, node, scope, place=place)
    required = schema.get("required")
    if isinstance(node, ObjectNode) and isinstance(required, list):
        given = {key for key, _ in node.members}
        yield from (missing_field(key, place) for key in required if isinstance(key, str) and key not in given)
