"""Checks what connected apps are bound to in each environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from integrations.definitions.app import App, Auth
from integrations.definitions.base import nearest
from integrations.definitions.checking.uses import Use
from integrations.definitions.connected_app import BoundAuth, BoundVariable, ConnectedApp
from integrations.definitions.contents import Contents
from integrations.definitions.environment import Environment
from integrations.definitions.field import Field
from integrations.definitions.secrecy import KEPT
from integrations.definitions.values import SECTIONS, check_value, place_flat_input
from integrations.definitions.values.fields import missing_field
from integrations.errors import Problem, join_place
from integrations.types import JsonObject


def binding_problems(used: Iterable[Use], contents: Contents) -> Iterator[Problem]:
    """Give, for each active environment, the connected apps in use that are bound to nothing there that can be called.

    Each is reported once, at the first place that uses it.
    """
    first: dict[str, str] = {}
    for use in used:
        if use.kind == "connected app" and use.needs_binding and use.tag in contents.apps:
            first.setdefault(use.tag, use.place)
    for tag, place in first.items():
        for environment in contents.environments.values():
            if environment.active:
                yield from _unbound(tag, environment, contents, place)


def check_connected_app(connected_app: ConnectedApp, contents: Contents, *, place: str | None = None) -> list[Problem]:
    """Return everything that is wrong with a connected app's bindings; places start with `connected_apps/<tag>`."""
    place = place if place is not None else f"connected_apps/{connected_app.access_tag}"
    app = contents.apps.get(connected_app.access_tag)
    if app is None:
        return [Problem(join_place(place, "access_tag"), "the app behind it is not in the catalogue")]
    problems: list[Problem] = []
    for index, binding in enumerate(connected_app.envs):
        where = join_place(place, f"envs[{index}]")
        if binding.integration_env_slug not in contents.environments:
            message = f'unknown environment "{binding.integration_env_slug}"'
            hint = nearest(binding.integration_env_slug, contents.environments) or "create the environment first"
            problems.append(Problem(join_place(where, "integration_env_slug"), message, hint))
        problems += _one_binding(app, binding.app_env_slug, binding.variables, binding.auth, where)
    return problems


def check_environment(environment: Environment, contents: Contents, *, place: str | None = None) -> list[Problem]:
    """Return everything that is wrong with an environment's bindings; places start with `environments/<slug>`."""
    place = place if place is not None else f"environments/{environment.slug}"
    problems: list[Problem] = []
    seen: set[str] = set()
    for index, binding in enumerate(environment.envs):
        where = join_place(place, f"envs[{index}]")
        app = contents.apps.get(binding.access_tag)
        if binding.access_tag in seen:
            problems.append(Problem(join_place(where, "access_tag"), f'"{binding.access_tag}" is bound twice'))
        seen.add(binding.access_tag)
        if app is None:
            hint = nearest(binding.access_tag, contents.apps) or "connect the app first"
            message = f'unknown connected app "{binding.access_tag}"'
            problems.append(Problem(join_place(where, "access_tag"), message, hint))
        else:
            problems += _one_binding(app, binding.app_env_slug, binding.variables, binding.auth, where)
    return problems


def _unbound(tag: str, environment: Environment, contents: Contents, place: str) -> Iterator[Problem]:
    app, slug = contents.apps[tag], _bound_slug(tag, environment, contents)
    if slug is None:
        message = f'environment "{environment.slug}" has no binding for the connected app "{tag}"'
        yield Problem(place, message, f'bind "{tag}" in "{environment.slug}", or make the environment inactive')
    else:
        for problem in _app_environment(app, slug, place):
            yield Problem(place, f'environment "{environment.slug}": {problem.message}', problem.hint)


def _bound_slug(tag: str, environment: Environment, contents: Contents) -> str | None:
    """Return the app environment; a binding is one row, whichever side it is seen from."""
    connected = contents.connected_apps.get(tag)
    binding = connected.binding_for(environment.slug) if connected else None
    if binding is not None:
        return binding.app_env_slug
    return next((each.app_env_slug for each in environment.envs if each.access_tag == tag), None)


def _one_binding(
    app: App, slug: str, variables: Sequence[BoundVariable], auth: BoundAuth, place: str
) -> Iterator[Problem]:
    yield from _app_environment(app, slug, join_place(place, "app_env_slug"))
    yield from _variable_problems(app.variables, variables, join_place(place, "variables"))
    yield from _auth_problems(app, auth, join_place(place, "auth"))


def _app_environment(app: App, slug: str, place: str) -> Iterator[Problem]:
    found = app.env(slug)
    if found is None:
        hint = nearest(slug, [env.slug for env in app.envs])
        yield Problem(place, f'app "{app.tag}" has no environment "{slug}"', hint)
    elif not found.active:
        yield Problem(place, f'environment "{slug}" of app "{app.tag}" is inactive')


def _variable_problems(fields: Sequence[Field], variables: Sequence[BoundVariable], place: str) -> Iterator[Problem]:
    declared = {field.key: field for field in fields}
    bound: set[str] = set()
    for index, variable in enumerate(variables):
        where = f"{place}[{index}]"
        if variable.key in bound:
            yield Problem(join_place(where, "key"), f'the variable "{variable.key}" is set twice')
        bound.add(variable.key)
        if variable.key not in declared:
            hint = nearest(variable.key, declared) or "the app has no variables"
            yield Problem(join_place(where, "key"), f'unknown variable "{variable.key}"', hint)
        elif variable.value != KEPT:
            yield from check_value(declared[variable.key], variable.value, place=join_place(where, "value"))[1]
    for field in fields:
        if field.required and field.defaultValue is None and field.key not in bound:
            yield missing_field(field.key, place)


def _auth_problems(app: App, bound: BoundAuth, place: str) -> Iterator[Problem]:
    if bound.auth_tag is None:
        return
    auth, where = app.auth(bound.auth_tag), join_place(place, "auth_tag")
    if auth is None:
        hint = nearest(bound.auth_tag, [each.tag for each in app.auths]) or "the app has no auths"
        yield Problem(where, f'unknown auth "{bound.auth_tag}"', hint)
    elif isinstance(bound.data, dict) and bound.data:
        yield from _auth_data_problems(app, auth, bound.data, join_place(place, "data"))


def _auth_data_problems(app: App, auth: Auth, data: JsonObject, place: str) -> Iterator[Problem]:
    """Check names only: the values are secrets, which may be masked here."""
    if auth.setup_type == "credential_access":
        action = app.action(auth.action_tag or "")
        if action is not None:
            yield from place_flat_input(action, data, place=place)[1]
        return
    if data.keys() <= set(SECTIONS):
        data = {key: value for part in data.values() if isinstance(part, dict) for key, value in part.items()}
    yield from (missing_field(key, place) for key in _needed_keys(auth) if data.get(key) is None)


def _needed_keys(auth: Auth) -> list[str]:
    match auth.setup_type:
        case "basic":
            return ["username", "password"]
        case "oauth2_client_credentials":
            return ["client_id", "client_secret"]
        case "oauth2_refresh_token":
            return ["client_id", "client_secret", "refresh_token"]
        case "token_access":
            fields = [field for section in SECTIONS for field in getattr(auth.tokens, section)]
            return [field.key for field in fields if field.required and field.defaultValue is None]
    return []
