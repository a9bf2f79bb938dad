"""Where in a request the input of an action goes: its sections, and the flat form that its fields sort into them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from integrations.definitions.app import Action, App, Auth, TokenPlacement
from integrations.definitions.base import nearest
from integrations.definitions.field import Field
from integrations.definitions.resources import parse_resource
from integrations.definitions.values.fields import check_values
from integrations.definitions.values.schemas import check_schema
from integrations.errors import Problem, join_place
from integrations.types import Json, JsonObject

Value = TypeVar("Value")

SECTIONS = ("params", "query", "headers", "body")


def place_flat_input(action: Action, values: JsonObject, *, place: str) -> tuple[dict[str, Json], list[Problem]]:
    """Return an input as `{params, query, headers, body}` (those that it has), and what is wrong with its keys.

    An input with no other keys than the four is sectioned already; any other is flat, its keys sorted into sections by
    the action's fields. Only keys are looked at, so that mappings can be placed before their references are resolved.
    """
    if is_sectioned(action, values):
        return dict(values), [
            Problem(join_place(place, section), "should be an object")
            for section, value in values.items()
            if section != "body" and not isinstance(value, dict)
        ]
    return _sorted_into_sections(action, values, place)


def complete_action_input(
    action: Action, sections: dict[str, Json], *, place: str, supplied: Mapping[str, Collection[str]] | None = None
) -> tuple[dict[str, Json], list[Problem]]:
    """Return the sections' resolved values with defaults filled in, and everything that is wrong with them.

    A section without declared fields takes anything, but for params, which the resource names, and headers take more
    than the declared ones. `supplied` (see `supplied_by_auths`) are required keys that come from elsewhere.
    """
    completed = dict(sections)
    problems: list[Problem] = []
    for section, fields in section_fields(action).items():
        values = sections.get(section)
        if section == "params" and not fields and isinstance(values, dict):
            problems += unnamed_params(action, values, place=join_place(place, section))
        if not fields or not isinstance(values, dict | None):
            continue
        elsewhere = (supplied or {}).get(section, ())
        wanted = [field for field in fields if field.key not in elsewhere or field.key in (values or {})]
        given = spelled_as_declared(section, fields, values or {})
        filled, found = check_values(
            wanted, given, place=join_place(place, section), allow_unknown=section == "headers"
        )
        problems += found
        if filled or section in sections:
            completed[section] = filled
    return completed, problems + _body_problems(action, completed.get("body"), join_place(place, "body"))


def spelled_as_declared(section: str, fields: Sequence[Field], values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values under the keys that the fields have: in headers, case makes no difference."""
    if section != "headers":
        return dict(values)
    spelling = {field.key.casefold(): field.key for field in fields}
    return {spelling.get(key.casefold(), key): value for key, value in values.items()}


def supplied_by_auths(app: App) -> dict[str, set[str]]:
    """Return by section the keys that some auth of the app fills in, so that an event need not.

    A credential_access auth fills in nothing: its token goes where a mapping says `$Auth{…}`.
    """
    supplied: dict[str, set[str]] = {section: set() for section in SECTIONS}
    for auth in app.auths:
        for section, keys in supplied_by(auth).items():
            supplied[section] |= keys
    return supplied


def supplied_by(auth: Auth | None) -> dict[str, set[str]]:
    """Return by section the keys that one auth fills in."""
    tokens = auth.tokens if auth else TokenPlacement()
    supplied = {section: {field.key for field in getattr(tokens, section)} for section in SECTIONS}
    if auth is None:
        return supplied
    if auth.setup_type == "api_key":
        supplied["query" if auth.placement == "query" else "headers"].add(auth.key_name)
    elif auth.setup_type == "basic" or auth.setup_type.startswith("oauth2"):
        supplied["headers"].add("Authorization")
    return supplied


def section_fields(action: Action) -> dict[str, Sequence[Field]]:
    """Return the declared fields by section; a body with a schema has none."""
    return {"params": action.params, "query": action.query, "headers": action.headers, "body": action.body_fields}


def missing_placeholders(action: Action, params: Collection[str]) -> list[str]:
    """Return the names in the resource that nothing stands for."""
    defaults = {field.key for field in action.params if field.defaultValue is not None}
    names = parse_resource(action.resource).names
    return [name for name in names if name not in params and name not in defaults]


def unnamed_params(action: Action, params: Iterable[str], *, place: str) -> list[Problem]:
    """Return the params that the resource has no place for, so that they would be left out of the request."""
    names = parse_resource(action.resource).names
    return [
        Problem(
            join_place(place, name),
            f'the resource does not name "{name}", so it would not be sent',
            f'write {{{name}}} where it goes in "resource", or give it in query',
        )
        for name in params
        if name not in names
    ]


def section_keys(action: Action) -> dict[str, set[str]]:
    """Return the keys that each section is known to take: declared fields, placeholders, a schema's properties."""
    keys = {section: {field.key for field in fields} for section, fields in section_fields(action).items()}
    keys["params"] |= set(parse_resource(action.resource).names)
    properties = (action.body_schema or {}).get("properties")
    keys["body"] |= set(properties) if isinstance(properties, dict) else set()
    return keys


def is_sectioned(action: Action, values: JsonObject) -> bool:
    """Return whether an input is written as `{params, query, headers, body}` rather than as flat keys."""
    if not values or not values.keys() <= set(SECTIONS):
        return False
    # A GraphQL action has a body field called `query`: a text under that name is the field, not the section.
    fields = set().union(*section_keys(action).values())
    return not any(key in fields and not isinstance(value, dict) for key, value in values.items())


def _sorted_into_sections(action: Action, values: JsonObject, place: str) -> tuple[dict[str, Json], list[Problem]]:
    known = section_keys(action)
    sections: dict[str, Json] = {}
    problems: list[Problem] = []
    for key, value in values.items():
        homes = [section for section in SECTIONS if key in known[section]]
        if len(homes) == 1:
            section = sections.setdefault(homes[0], {})
            assert isinstance(section, dict)  # noqa: S101 (for the type checker: made one line above)
            section[key] = value
        else:
            problems.append(_unplaced(key, homes, known, place))
    return sections, problems


def _unplaced(key: str, homes: list[str], known: dict[str, set[str]], place: str) -> Problem:
    where = join_place(place, key)
    if homes:
        hint = f"write it inside its section, as in {homes[0]}: {{{key}: …}}"
        return Problem(where, f'"{key}" is a field of {" and ".join(homes)}', hint)
    everything = set().union(*known.values())
    return Problem(where, f'unknown field "{key[:100]}"', nearest(key, everything or SECTIONS))


def _body_problems(action: Action, body: Json, place: str) -> list[Problem]:
    if action.body_schema is not None:
        # Nothing sent is as good as nothing in it, so that a schema without required keys may be left out.
        return check_schema(action.body_schema, {} if body is None else body, place=place)
    if action.body_fields and not isinstance(body, dict | None):
        return [Problem(place, "should be an object")]
    return []
