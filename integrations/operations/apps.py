"""The catalogue: apps with their environments, actions, auths, variables and constants, shared by all integrations."""

from __future__ import annotations

from typing import Any, Literal

from integrations import models
from integrations.actors import Actor, require
from integrations.definitions import checking
from integrations.definitions.app import App
from integrations.definitions.base import may_exist
from integrations.definitions.values.equality import json_equal
from integrations.errors import AlreadyExists, DefinitionError, InUse, NotFound, Problem
from integrations.operations import _audit
from integrations.operations._transactions import all_or_nothing
from integrations.operations.saving.app_uses import broken_uses
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


def fetch(*, tag: str, by: Actor) -> models.App:
    """Return the app of that tag.

    Raises:
        NotFound: naming those that exist.
    """
    require(by, "view_app", to="see apps")
    row = _find(tag)
    if row is None:
        raise NotFound("app", tag, list(models.App.objects.values_list("tag", flat=True)))
    return row


def fetch_all(*, by: Actor) -> list[models.App]:
    require(by, "view_app", to="see apps")
    return list(models.App.objects.with_definition().order_by("app_name"))


def place_of(tag: str) -> str:
    return f"apps/{tag}" if tag else "apps"


def parse(values: JsonObject) -> App:
    """Return the app that plain JSON describes.

    Raises:
        DefinitionError: with every problem at its place.
    """
    return App.parse(values, place=place_of(str(values.get("tag", ""))))


def problems(*, row: models.App, definition: App) -> list[Problem]:
    """Return everything that speaks against `definition` in a new or stored row; `save` refuses for just these."""
    return [
        *_collisions(row, definition),
        *checking.check_app(definition),
        *_bound_environments(row, definition),
        *broken_uses(row, definition),
    ]


def in_use(row: models.App) -> list[str]:
    """Return every connected app of it; `delete` refuses while there is one."""
    connected = models.ConnectedApp.objects.filter(app=row).select_related("integration")
    return [f"integrations/{each.integration.tag}/connected_apps/{each.access_tag}" for each in connected]


def create(*, values: JsonObject, by: Actor, throw_error_if_exists: bool = False) -> models.App:
    """Return the new app that `values` describe, or the existing one of that tag unchanged."""
    require(by, "add_app", to="add apps")
    tag = values.get("tag")
    existing = _find(tag)
    if existing is not None and throw_error_if_exists:
        raise AlreadyExists("app", str(tag))
    if existing is not None:
        return existing
    return save(row=models.App(), definition=parse(values), by=by)


def update(*, tag: str, changes: JsonObject, by: Actor) -> models.App:
    row = fetch(tag=tag, by=by)
    return save(row=row, definition=row.to_definition().changed(dict(changes), place=f"apps/{tag}"), by=by)


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
    return save(row=row, definition=definition.changed({part: changed}, place=f"apps/{tag}"), by=by)


def save(*, row: models.App, definition: App, by: Actor) -> models.App:
    """Write `definition` to a new or stored row; one that says what is stored already changes nothing."""
    is_new = row.pk is None
    require(by, "add_app" if is_new else "change_app", to="change apps")
    found = problems(row=row, definition=definition)
    if found:
        raise DefinitionError(found)
    before = None if is_new else row.to_definition()
    if before is not None and json_equal(before.to_dict(), definition.to_dict()):
        return row
    if before is not None and before.tag != definition.tag:
        _refuse_in_use(row)
    with all_or_nothing():
        row.apply(definition)
        row.save()
        row.apply_parts(definition)
        row.touch()
        for integration in models.Integration.objects.filter(connected_apps__app=row).distinct():
            integration.touch()
        _audit.write(
            "add" if is_new else "change",
            kind="app",
            tag=definition.tag,
            by=by,
            before=before.to_dict() if before else None,
            after=definition.to_dict(),
        )
    return fetch(tag=definition.tag, by=by)


def delete(*, row: models.App, by: Actor) -> None:
    """Delete the app.

    Raises:
        InUse: integrations are connected to it.
    """
    require(by, "delete_app", to="delete apps")
    _refuse_in_use(row)
    before = row.to_definition().to_dict()
    with all_or_nothing():
        row.delete()
        _audit.write("delete", kind="app", tag=str(before["tag"]), by=by, before=before)


def _find(tag: object) -> models.App | None:
    return models.App.objects.filter(tag=tag).with_definition().first() if may_exist(tag) else None


def _refuse_in_use(row: models.App) -> None:
    places = in_use(row)
    if places:
        raise InUse("app", row.tag, places)


def _bound_environments(row: models.App, definition: App) -> list[Problem]:
    """Refuse to drop or rename an environment that connected apps are bound to."""
    kept = [env.slug for env in definition.envs]
    bindings = models.AppBinding.objects.filter(app_environment__app=row.pk).exclude(app_environment__slug__in=kept)
    rows = bindings.select_related("app_environment", "connected_app__integration").order_by("pk")
    return [
        Problem(
            f"{place_of(definition.tag)}/envs",
            f'the environment "{each.app_environment.slug}" is still bound',
            f"by integrations/{each.connected_app.integration.tag}/connected_apps/{each.connected_app.access_tag}",
        )
        for each in rows
    ]


def _collisions(row: models.App, definition: App) -> list[Problem]:
    if models.App.objects.exclude(pk=row.pk).filter(tag=definition.tag).exists():
        return [Problem(f"apps/{definition.tag}/tag", f'there is already an app "{definition.tag}"')]
    return []
