"""Makes features of what runs only as an event: an action, a function or a job, so that a job can start it."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.definitions.checking.targets import Call, action_of, check_call
from integrations.definitions.contents import Contents
from integrations.definitions.feature import Event, Feature, Sequence
from integrations.definitions.field import Field
from integrations.definitions.job import JobTarget
from integrations.definitions.references.keys import render_path
from integrations.definitions.values import check_values, complete_action_input, place_flat_input
from integrations.definitions.values.placement import supplied_by_auths
from integrations.errors import DefinitionError, InvalidInput, Problem
from integrations.types import JsonObject

SEQUENCE = "main"
_WORDS = {"notification": "notifications", "database_action": "database actions"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """A feature of one event, with the input that it is started with: checked, and data only."""

    feature: Feature
    input: JsonObject


def wrap(target: JobTarget, input: JsonObject, contents: Contents) -> Wrapped:
    """Return a feature that does what `target` names and gives its result; its event gets `input` key by key.

    Inputs with the same keys share the feature, so that runs of a job share a release.

    Raises:
        DefinitionError: the target is not there.
        InvalidInput: the input is not what it takes.
    """
    call = Call(type=target.type, event=target.event, app=target.app, database=target.database)
    if problems := [*check_call(call, contents, place="target")]:
        raise DefinitionError(problems)
    fields, values = _checked(call, input, contents)
    event = Event(type=target.type, event=target.event, app=target.app, input=_read(call, values))
    feature = Feature(
        tag=target.event,
        input=fields,
        sequence=(Sequence(sequence_tag=SEQUENCE, events=(event,)),),
        output=f"$Sequence{{{SEQUENCE}}}{{{target.event}}}",
    )
    return Wrapped(feature=feature, input=values)


def not_yet(target: JobTarget) -> list[Problem]:
    """Return why a job with this target cannot be started by this release of the software; [] when it can."""
    if target.type not in _WORDS:
        return []
    message = f"{_WORDS[target.type]} are stored and checked, but this release cannot run them yet"
    return [Problem("target/type", message)]


def _read(call: Call, values: JsonObject) -> JsonObject:
    """Return the mapping that gives an event these values; those of an action stay in their sections."""
    if call.type != "action":
        return _references(values)
    return {
        section: _references(value, section) if isinstance(value, dict) else f"$Input{render_path((section,))}"
        for section, value in values.items()
    }


def _references(values: JsonObject, *above: str) -> JsonObject:
    return {key: f"$Input{render_path((*above, key))}" for key in values}


def _checked(call: Call, input: JsonObject, contents: Contents) -> tuple[tuple[Field, ...], JsonObject]:
    found = action_of(call, contents)
    if found is not None:
        app, action = found
        sections, problems = place_flat_input(action, input, place="input")
        # Only looked at: defaults are filled in when it is sent.
        problems += complete_action_input(action, sections, place="input", supplied=supplied_by_auths(app))[1]
        return (), _clean(sections, problems)
    function = contents.functions[call.event] if call.type == "function" else None
    if function is None or not function.input:
        return (), input
    return function.input, _clean(*check_values(function.input, input, place="input"))


def _clean(values: JsonObject, problems: list[Problem]) -> JsonObject:
    if problems:
        raise InvalidInput(problems)
    return values
