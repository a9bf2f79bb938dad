"""Makes a plan of a release, once for all its runs: sequences in order, mappings parsed, targets looked up."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from integrations import strict_json
from integrations.definitions.app import Action
from integrations.definitions.feature import Condition, Event, Feature, Sequence
from integrations.definitions.field import Field
from integrations.definitions.references import (
    ListNode,
    Literal,
    ObjectNode,
    Pointer,
    Reference,
    Template,
    parse_template,
    replace_references,
)
from integrations.definitions.release import Release, ReleasedFunction
from integrations.definitions.releasing import nested_release
from integrations.definitions.values import SECTIONS, place_flat_input, section_fields
from integrations.engine import graph
from integrations.engine.plan import (
    ActionTarget,
    ApprovalTarget,
    FunctionTarget,
    JobEventTarget,
    NestedTarget,
    Plan,
    PlannedCondition,
    PlannedEvent,
    PlannedMapping,
    PlannedSequence,
    Target,
    UnavailableTarget,
    WaitTarget,
)
from integrations.engine.retry import RetryRules
from integrations.errors import DefinitionError, Problem, join_place
from integrations.types import Json, JsonObject

#: Where the one event of a code feature stands.
MAIN = "main"
_CACHED_PLANS = 128


def plan(release: Release) -> Plan:
    """Return the plan of a release; equal releases share one.

    Raises:
        CyclicSequences: parents form a loop.
        DefinitionError: anything else that publishing would have refused.
    """
    return _cached(_ByDigest(release))


@dataclass(frozen=True, slots=True, eq=False)
class _ByDigest:
    """A release as a key: definitions hold dictionaries, so they cannot be hashed themselves."""

    release: Release

    def __hash__(self) -> int:
        return hash(self.release.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByDigest) and self.release.digest == other.release.digest


@functools.lru_cache(maxsize=_CACHED_PLANS)
def _cached(key: _ByDigest) -> Plan:
    release = key.release
    return _code_plan(release) if release.feature.is_code else _sequence_plan(release)


def _code_plan(release: Release) -> Plan:
    feature = release.feature
    if release.javascript is None:
        raise DefinitionError([Problem("javascript", "the release has no compiled function")])
    event = PlannedEvent(
        event=Event(type="function", event=feature.tag),
        target=FunctionTarget(javascript=release.javascript, fields=None, output=feature.code_output),
        input=None,
        condition=None,
        retry=RetryRules(),
    )
    main = PlannedSequence(tag=MAIN, events=(event,), parent_count=0, children=())
    return Plan(sequences={MAIN: main}, output=None, result_of=(MAIN, feature.tag))


def _sequence_plan(release: Release) -> Plan:
    feature = release.feature
    return Plan(
        sequences=_sequences(feature, release),
        output=None if feature.output is None else _mapping(feature.output, "output"),
        functions={tag: _released(function) for tag, function in release.functions.items()},
        constants={
            tag: {constant.key: constant.value for constant in app.constants} for tag, app in release.apps.items()
        },
    )


def _sequences(feature: Feature, release: Release) -> Mapping[str, PlannedSequence]:
    _refuse_twice((sequence.sequence_tag for sequence in feature.sequence), kind="sequence", place="sequence")
    parents = {sequence.sequence_tag: sequence.parents for sequence in feature.sequence}
    children = graph.children_of(parents)
    by_tag = {sequence.sequence_tag: sequence for sequence in feature.sequence}
    return {tag: _sequence(by_tag[tag], release, children=tuple(children[tag])) for tag in graph.in_order(parents)}


def _sequence(sequence: Sequence, release: Release, *, children: tuple[str, ...]) -> PlannedSequence:
    place = f"sequence/{sequence.sequence_tag}"
    _refuse_twice((event.tag for event in sequence.events), kind="event", place=place)
    return PlannedSequence(
        tag=sequence.sequence_tag,
        events=tuple(_event(event, release, f"{place}/{event.tag}") for event in sequence.events),
        parent_count=len(set(sequence.parents)),
        children=children,
    )


def _refuse_twice(tags: Iterable[str], *, kind: str, place: str) -> None:
    seen: set[str] = set()
    for tag in tags:
        if tag in seen:
            raise DefinitionError([Problem(place, f'the {kind} "{tag}" appears twice', "give one of them a name")])
        seen.add(tag)


def _event(event: Event, release: Release, place: str) -> PlannedEvent:
    target = _target(event, release, place)
    return PlannedEvent(
        event=event,
        target=target,
        input=_input(event, target, place),
        condition=_condition(event.condition, join_place(place, "condition")),
        retry=_retry_rules(event, target),
        fallback=_event(event.fallback, release, f"{place}/fallback") if event.fallback else None,
        rollback=_rollback(event, release, f"{place}/rollback"),
    )


def _rollback(event: Event, release: Release, place: str) -> PlannedEvent | None:
    if event.rollback is None:
        return None
    if event.rollback_input is None:
        return _event(event.rollback, release, place)
    return _event(event.rollback.model_copy(update={"input": event.rollback_input}), release, place)


def _target(event: Event, release: Release, place: str) -> Target:
    match event.type:
        case "action":
            return _action_target(event, release, place)
        case "function":
            return _function_target(event, release, place)
        case "feature":
            return _nested_target(event, release, place)
        case "approval":
            return ApprovalTarget()
        case "job":
            return JobEventTarget(event.event)
        case "wait":
            return WaitTarget()
        case _:
            return UnavailableTarget(event.type)


def _action_target(event: Event, release: Release, place: str) -> ActionTarget:
    app = release.apps.get(event.app or "")
    action = app.action(event.event) if app else None
    if app is None or action is None:
        raise _not_released(place, f'action "{event.event}" of the app "{event.app}"')
    return ActionTarget(access_tag=event.app or "", app=app, action=action)


def _function_target(event: Event, release: Release, place: str) -> FunctionTarget:
    function = release.functions.get(event.event)
    if function is None:
        raise _not_released(place, f'function "{event.event}"')
    return _released(function)


def _nested_target(event: Event, release: Release, place: str) -> NestedTarget:
    if event.event not in release.features:
        raise _not_released(place, f'feature "{event.event}"')
    nested = nested_release(release, event.event)
    return NestedTarget(feature=nested.feature, digest=nested.digest, access_tags=tuple(nested.apps))


def _released(function: ReleasedFunction) -> FunctionTarget:
    definition = function.definition
    return FunctionTarget(javascript=function.javascript, fields=definition.input, output=definition.output)


def _not_released(place: str, what: str) -> DefinitionError:
    return DefinitionError([Problem(place, f"the release has no {what}", "publish the feature again")])


def _retry_rules(event: Event, target: Target) -> RetryRules:
    if isinstance(target, ActionTarget):
        return RetryRules.of(
            retries=event.retries,
            event_policy=event.retry,
            app_policy=target.app.retries,
            is_idempotent=target.action.is_idempotent,
        )
    return RetryRules.of(retries=event.retries, event_policy=event.retry)


def _condition(condition: Condition | None, place: str) -> PlannedCondition | None:
    if condition is None:
        return None
    has_subject = condition.subject is not None
    return PlannedCondition(
        condition=condition,
        subject=_mapping(condition.subject, f"{place}/subject") if has_subject else None,
        written=_written(condition.subject) if has_subject else "the result",
        value=_mapping(condition.value, f"{place}/value"),
    )


def _written(subject: Json) -> str:
    return subject if isinstance(subject, str) else strict_json.dumps(subject)


def _mapping(value: Json, place: str) -> PlannedMapping:
    return PlannedMapping.of(parse_template(value, place=place))


def _input(event: Event, target: Target, place: str) -> PlannedMapping:
    where = join_place(place, "input")
    if isinstance(target, ActionTarget):
        return PlannedMapping.of(_action_input(event.input, target.action, where))
    template = parse_template(event.input, place=where)
    return PlannedMapping.of(_with_defaults(template, _fields(target)))


def _fields(target: Target) -> Iterable[Field]:
    """Return the fields that an input is given by, for all but actions."""
    if isinstance(target, FunctionTarget):
        return target.fields or ()
    return target.feature.input if isinstance(target, NestedTarget) else ()


def _action_input(written: JsonObject, action: Action, place: str) -> Template:
    sections, problems = place_flat_input(action, written, place=place)
    if problems:
        raise DefinitionError(problems)
    fields = section_fields(action)
    return ObjectNode(
        tuple(
            (section, _with_defaults(parse_template(sections[section], place=f"{place}/{section}"), fields[section]))
            for section in SECTIONS
            if section in sections
        )
    )


def _with_defaults(template: Template, fields: Iterable[Field]) -> Template:
    """Return the mapping with `$Default` replaced by the default of the field that it stands in.

    A field without a default keeps it, which then is a missing value.
    """
    if not isinstance(template, ObjectNode):
        return template
    defaults = {field.key: field.defaultValue for field in fields if field.defaultValue is not None}
    members = (
        (key, _with_default(member, defaults[key]) if key in defaults else member) for key, member in template.members
    )
    return ObjectNode(tuple(members))


def _with_default(template: Template, default: Json) -> Template:
    def change(pointer: Pointer) -> Template:
        return _literal(default) if pointer == Reference("Default") else pointer

    # Any node may stand where a reference stood; the function is annotated for renaming.
    return replace_references(template, cast("Callable[[Pointer], Pointer]", change))


def _literal(value: Json) -> Template:
    """Return the tree of a value that is data: dollar signs in it mean nothing."""
    if isinstance(value, dict):
        return ObjectNode(tuple((key, _literal(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ListNode(tuple(_literal(item) for item in value))
    return Literal(value)
