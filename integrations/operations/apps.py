"""The catalogue: apps with their environments, actions, auths, variables and constants, shared by all integrations."""

from __future__ import annotations

from typing import Any, Literal

from integrations import models
from integrations.actors import Actor, require
from integrations.definitions import checking
from integrations.definitions.app import App
from integrations.errors import AlreadyExists, InUse, NotFound, Problem
from integrations.operations.saving.app_uses import broken_uses
from integrations.operations.saving.definition_store import DefinitionStore
from integrations.types import Json, JsonObject

Part = Literal["envs", "actions", "auths", "variables", "constants", "webhooks"]
#: How one of each is called, and the field that names it.
PARTS: dict[Part, tuple[str, str]] = {
    "envs": ("environment", "slug"),
    "actions": ("action", "tag"),
    "auths": ("auth", "tag"),
    "variables": ("variable", "key"),
    "constants": ("constant", "key"),
    "webhooks": ("webhook", "tag"),
}


class AppStore(DefinitionStore[models.App, App]):
    model = models.App
    shape = App
    kind = "app"
    collection = "apps"

    def problems(self, *, row: models.App, definition: App) -> list[Problem]:
        return [
            *self._collisions(row, definition, models.App.objects.all()),
            *checking.check_app(definition),
            *_bound_environments(row, definition, place=self.place_of(definition.tag)),
            *broken_uses(row, definition),
        ]

    def in_use(self, row: models.App) -> list[str]:
        """Return every connected app of it; `delete` refuses while there is one."""
        connected = models.ConnectedApp.objects.filter(app=row).select_related("integration")
        return [f"integrations/{each.integration.tag}/connected_apps/{each.access_tag}" for each in connected]

    def write(self, row: models.App, definition: App) -> None:
        super().write(row, definition)
        row.apply_parts(definition)
        row.forget_prefetched()

    def rename(self, row: models.App, old: str, new: str, *, by: Actor) -> None:
        """Refuse while integrations are connected to the app.

        Raises:
            InUse
        """
        places = self.in_use(row)
        if places:
            raise InUse(self.kind, old, places)

    def touch(self, row: models.App) -> None:
        row.touch()
        for integration in models.Integration.objects.filter(connected_apps__app=row).distinct():
            integration.touch()


store = AppStore()
save, delete = store.save, store.delete


def fetch(*, tag: str, by: Actor) -> models.App:
    """Return the app of that tag.

    Raises:
        NotFound: naming those that exist.
    """
    require(by, "view_app", to="see apps")
    return store.known(models.App.objects.all(), tag)


def fetch_all(*, by: Actor) -> list[models.App]:
    """Return all apps, by name."""
    require(by, "view_app", to="see apps")
    return list(models.App.objects.with_definition().order_by("app_name"))


def create(*, values: JsonObject, by: Actor, throw_error_if_exists: bool = False) -> models.App:
    """Return the new app that `values` describe, or the existing one of that tag unchanged."""
    require(by, "add_app", to="add apps")
    tag = values.get("tag")
    existing = store.find(models.App.objects.all(), tag)
    if existing is not None and throw_error_if_exists:
        raise AlreadyExists("app", str(tag))
    if existing is not None:
        return existing
    return save(row=models.App(), definition=store.parse(values), by=by)


def update(*, tag: str, changes: JsonObject, by: Actor) -> models.App:
    """Return the app with `changes` (some of the definition's fields) made."""
    row = fetch(tag=tag, by=by)
    definition = row.to_definition().changed(dict(changes), place=store.place_of(tag))
    return save(row=row, definition=definition, by=by)


def put_part(
    *,
    tag: str,
    part: Part,
    values: JsonObject,
    by: Actor,
    name: str | None = None,
    throw_error_if_exists: bool = False,
) -> models.App:
    """Add an environment, action, auth, variable or constant to an app; with `name`, change the one of that name.

    Raises:
        NotFound: `name` is none of the app's.
        AlreadyExists: adding one that is there, with `throw_error_if_exists`; without, it stays as it is.
    """
    row = fetch(tag=tag, by=by)
    definition = row.to_definition()
    listed: list[dict[str, Any]] = [item.to_compact_dict() for item in getattr(definition, part)]
    kind, key = PARTS[part]
    names = [item[key] for item in listed]
    if name is None and values.get(key) in names:
        if throw_error_if_exists:
            raise AlreadyExists(f"{kind} of app {tag}", str(values.get(key)))
        return row
    if name is not None and name not in names:
        raise NotFound(f"{kind} of app {tag}", name, names)
    changed: Json = (
        [*listed, values] if name is None else [{**item, **values} if item[key] == name else item for item in listed]
    )
    return save(row=row, definition=definition.changed({part: changed}, place=store.place_of(tag)), by=by)


def _bound_environments(row: models.App, definition: App, *, place: str) -> list[Problem]:
    """Refuse to drop or rename an environment that connected apps are bound to."""
    kept = [env.slug for env in definition.envs]
    bindings = models.AppBinding.objects.filter(app_environment__app=row.pk).exclude(app_environment__slug__in=kept)
    rows = bindings.select_related("app_environment", "connected_app__integration").order_by("pk")
    return [
        Problem(
            f"{place}/envs",
            f'the environment "{each.app_environment.slug}" is still bound',
            f"by integrations/{each.connected_app.integration.tag}/connected_apps/{each.connected_app.access_tag}",
        )
        for each in rows
    ]
