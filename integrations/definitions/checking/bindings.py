"""Checks what connected apps are bound to in each environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from integrations.definitions.app import App, Auth
from integrations.definitions.base import nearest
from integrations.definitions.checking.uses import Use
from integrations.definitions.connected_app import Binding, BoundAuth, BoundVariable, ConnectedApp
from integrations.definitions.contents import Contents
from integrations.definitions.environment import AppEnvironmentBinding, Environment
from integrations.definitions.field import Field
from integrations.definitions.secrecy import KEPT, leaves, secret_named_by
from integrations.definitions.values import SECTIONS, check_value, place_flat_input
from integrations.definitions.values.fields import missing_field
from integrations.errors import Problem, join_place
from integrations.types import Json, JsonObject


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
        environment = contents.environments.get(binding.integration_env_slug)
        problems += _one_binding(app, binding, environment, contents, where)
    return problems


def check_environment(environment: Environment, contents: Contents, *, place: str | None = None) -> list[Problem]:
    """Return everything that is wrong with an environment's bindings; places start with `environments/<slug>`."""
    place = place if place is not None else f"environments/{environment.slug}"
    problems = [*_secret_problems(environment.auth, environment.slug, contents, join_place(place, "auth"))]
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
            problems += _one_binding(app, binding, environment, contents, where)
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
    app: App,
    binding: Binding | AppEnvironmentBinding,
    environment: Environment | None,
    contents: Contents,
    place: str,
) -> Iterator[Problem]:
    yield from _app_environment(app, binding.app_env_slug, join_place(place, "app_env_slug"))
    yield from _variable_problems(app.variables, binding.variables, join_place(place, "variables"))
    default = environment.auth if environment else {}
    yield from _auth_problems(app, binding.auth, default, join_place(place, "auth"))
    if environment is not None:
        slug = environment.slug
        yield from _secret_problems(binding.auth.data, slug, contents, join_place(place, "auth/data"))
        for index, variable in enumerate(binding.variables):
            yield from _secret_problems(variable.value, slug, contents, f"{place}/variables[{index}]/value")


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
        elif variable.value != KEPT and secret_named_by(variable.value) is None:
            yield from check_value(declared[variable.key], variable.value, place=join_place(where, "value"))[1]
    for field in fields:
        if field.required and field.defaultValue is None and field.key not in bound:
            yield missing_field(field.key, place)


def _auth_problems(app: App, bound: BoundAuth, default: JsonObject, place: str) -> Iterator[Problem]:
    """Check which auth is used, and that it is given what it needs: by the binding, or else by the environment."""
    if bound.auth_tag is None:
        return
    auth, where = app.auth(bound.auth_tag), join_place(place, "auth_tag")
    if auth is None:
        hint = nearest(bound.auth_tag, [each.tag for each in app.auths]) or "the app has no auths"
        yield Problem(where, f'unknown auth "{bound.auth_tag}"', hint)
        return
    data = default if bound.data is None else bound.data
    if isinstance(data, dict):
        yield from _auth_data_problems(app, auth, data, join_place(place, "data"))
    elif not isinstance(data, str) or len(auth.needed_keys) != 1:
        needed = ", ".join(f'"{key}": "…"' for key in auth.needed_keys)
        hint = f"write {{{needed}}}" if needed else "write an object of what the auth takes"
        yield Problem(join_place(place, "data"), f'does not say what of the auth "{auth.tag}" it is', hint)


def _auth_data_problems(app: App, auth: Auth, data: JsonObject, place: str) -> Iterator[Problem]:
    """Check names only: the values are secrets, which may be masked here."""
    if auth.setup_type == "credential_access":
        action = app.action(auth.action_tag or "")
        if action is not None:
            yield from place_flat_input(action, data, place=place)[1]
        return
    if data.keys() <= set(SECTIONS):
        data = {key: value for part in data.values() if isinstance(part, dict) for key, value in part.items()}
    if auth.setup_type == "api_key" and data.get("api_key") is not None:
        return  # whatever the key is called where it is placed
    yield from (missing_field(key, place) for key in auth.needed_keys if data.get(key) is None)


def _secret_problems(data: Json, slug: str, contents: Contents, place: str) -> Iterator[Problem]:
    """Check the references to secrets in what is sealed for an environment; all other texts are data."""
    for where, value in leaves(data, place=place):
        key = secret_named_by(value)
        if key is None:
            if isinstance(value, str) and "$Secret{" in value:
                hint = "write $Secret{key} alone; what stands around it goes into the field's decorator"
                yield Problem(where, "a reference within a text is not read here", hint)
        elif key not in contents.secrets:
            yield Problem(where, f'unknown secret "{key}"', nearest(key, contents.secrets) or "create it first")
        elif not contents.secrets[key] & {slug, ""}:
            hint = "give it one there, or one for every environment"
            yield Problem(where, f'the secret "{key}" has no value in environment "{slug}"', hint)
