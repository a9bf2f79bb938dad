"""Builds apps of the catalogue: their environments, actions, auths, variables and constants."""

from __future__ import annotations

from typing import Any, TypeVar

from integrations import models
from integrations.actors import Actor
from integrations.definitions.app import Action, App, AppEnvironment, Auth, Constant
from integrations.definitions.field import Field
from integrations.errors import NotFound, OperationRefused
from integrations.operations import apps

Named = TypeVar("Named", Action, AppEnvironment, Auth, Constant, Field)


class AppBuilder:
    """Describes one app after the other. Keywords are the field names of the definitions; what comes back is frozen."""

    def __init__(self, *, user: Actor) -> None:
        self._user = user
        self._tag: str | None = None

    def create_app(self, *, throw_error_if_exists: bool = False, **fields: Any) -> App:
        """Create an app (`app_name` and `tag` are required) and open it."""
        row = apps.create(values=fields, by=self._user, throw_error_if_exists=throw_error_if_exists)
        return self._opened(row)

    def update_app(self, **changes: Any) -> App:
        """Change the open app, for example `update_app(retries={"max": 3})`."""
        return self._opened(apps.update(tag=self._open_tag, changes=changes, by=self._user))

    def initialize_app_by_tag(self, tag: str) -> App:
        """Open the app of that tag."""
        return self._opened(apps.fetch(tag=tag, by=self._user))

    def fetch_app(self) -> App:
        return self.initialize_app_by_tag(self._open_tag)

    def create_env(self, *, throw_error_if_exists: bool = False, **fields: Any) -> AppEnvironment:
        """Add an environment: `slug` and `base_url` are required."""
        app = self._put("envs", fields, throw_error_if_exists=throw_error_if_exists)
        return _named(app.envs, "slug", fields.get("slug"))

    def update_env(self, slug: str, /, **changes: Any) -> AppEnvironment:
        return _named(self._put("envs", changes, name=slug).envs, "slug", changes.get("slug", slug))

    def fetch_env(self, slug: str) -> AppEnvironment:
        return _found("environment", self.fetch_app().envs, "slug", slug)

    def fetch_envs(self) -> list[AppEnvironment]:
        return list(self.fetch_app().envs)

    def create_action(self, *, throw_error_if_exists: bool = False, **fields: Any) -> Action:
        """Add an action: `tag`, `method` and `resource` are required."""
        app = self._put("actions", fields, throw_error_if_exists=throw_error_if_exists)
        return _named(app.actions, "tag", fields.get("tag"))

    def update_action(self, tag: str, /, **changes: Any) -> Action:
        return _named(self._put("actions", changes, name=tag).actions, "tag", changes.get("tag", tag))

    def fetch_action(self, tag: str) -> Action:
        return _found("action", self.fetch_app().actions, "tag", tag)

    def fetch_actions(self) -> list[Action]:
        return list(self.fetch_app().actions)

    def create_auth(self, *, throw_error_if_exists: bool = False, **fields: Any) -> Auth:
        """Add an auth: `tag` and `setup_type` are required."""
        app = self._put("auths", fields, throw_error_if_exists=throw_error_if_exists)
        return _named(app.auths, "tag", fields.get("tag"))

    def update_auth(self, tag: str, /, **changes: Any) -> Auth:
        return _named(self._put("auths", changes, name=tag).auths, "tag", changes.get("tag", tag))

    def fetch_auth(self, tag: str) -> Auth:
        return _found("auth", self.fetch_app().auths, "tag", tag)

    def fetch_auths(self) -> list[Auth]:
        return list(self.fetch_app().auths)

    def create_variable(self, *, throw_error_if_exists: bool = False, **fields: Any) -> Field:
        """Add a variable that whoever connects the app supplies: `key` and `type` are required."""
        app = self._put("variables", fields, throw_error_if_exists=throw_error_if_exists)
        return _named(app.variables, "key", fields.get("key"))

    def update_variable(self, key: str, /, **changes: Any) -> Field:
        return _named(self._put("variables", changes, name=key).variables, "key", changes.get("key", key))

    def fetch_variable(self, key: str) -> Field:
        return _found("variable", self.fetch_app().variables, "key", key)

    def fetch_variables(self) -> list[Field]:
        return list(self.fetch_app().variables)

    def create_constant(self, *, throw_error_if_exists: bool = False, **fields: Any) -> Constant:
        """Add a constant: `key` and `value` are required."""
        app = self._put("constants", fields, throw_error_if_exists=throw_error_if_exists)
        return _named(app.constants, "key", fields.get("key"))

    def update_constant(self, key: str, /, **changes: Any) -> Constant:
        return _named(self._put("constants", changes, name=key).constants, "key", changes.get("key", key))

    def fetch_constant(self, key: str) -> Constant:
        return _found("constant", self.fetch_app().constants, "key", key)

    def fetch_constants(self) -> list[Constant]:
        return list(self.fetch_app().constants)

    def _put(
        self, part: apps.Part, values: Any, *, name: str | None = None, throw_error_if_exists: bool = False
    ) -> App:
        row = apps.put_part(
            tag=self._open_tag,
            part=part,
            values=values,
            name=name,
            by=self._user,
            throw_error_if_exists=throw_error_if_exists,
        )
        return row.to_definition()

    def _opened(self, row: models.App) -> App:
        self._tag = row.tag
        return row.to_definition()

    @property
    def _open_tag(self) -> str:
        if self._tag is None:
            raise OperationRefused("no app is open: call create_app or initialize_app_by_tag first")
        return self._tag


def _named(parts: tuple[Named, ...], key: str, name: object) -> Named:
    """Return the part of that name, or the last one: a field that was added without a key got one by its position."""
    return next((part for part in parts if getattr(part, key) == name), parts[-1])


def _found(kind: str, parts: tuple[Named, ...], key: str, name: str) -> Named:
    for part in parts:
        if getattr(part, key) == name:
            return part
    raise NotFound(kind, name, [getattr(part, key) for part in parts])
