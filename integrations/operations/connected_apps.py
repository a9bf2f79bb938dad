"""Connected apps of an integration: which catalogue app, and what it is bound to in each environment."""

from __future__ import annotations

import dataclasses

from integrations import models
from integrations.actors import Actor
from integrations.definitions import checking
from integrations.definitions.connected_app import ConnectedApp, app_tag_candidates
from integrations.definitions.contents import Contents
from integrations.errors import DefinitionError, Problem
from integrations.operations import apps
from integrations.operations.saving import bindings
from integrations.operations.saving.store import Store
from integrations.types import JsonObject

#: As TAG_PATTERN has it.
LONGEST_TAG = 64


class ConnectedAppStore(Store[models.ConnectedApp, ConnectedApp]):
    model = models.ConnectedApp
    shape = ConnectedApp
    kind = "connected app"
    collection = "connected_apps"
    key = "access_tag"

    def parse(self, values: JsonObject) -> ConnectedApp:
        definition = super().parse(values)
        return definition if definition.app_tag else definition.changed({"app_tag": _app_of(definition.access_tag).tag})

    def replaced(self, contents: Contents, before: ConnectedApp | None, definition: ConnectedApp) -> Contents:
        """Return the contents with the catalogue app behind the access tag, too."""
        after = super().replaced(contents, before, definition)
        app = _app_of(definition.app_tag or definition.access_tag).to_definition()
        return dataclasses.replace(after, apps={**contents.apps, definition.access_tag: app})

    def check(self, definition: ConnectedApp, contents: Contents) -> list[Problem]:
        return checking.check_connected_app(definition, contents)

    def kept_problems(self, row: models.ConnectedApp, definition: ConnectedApp) -> list[Problem]:
        return bindings.kept_problems(row, definition.envs, place=self.place_of(definition.access_tag))

    def write(self, row: models.ConnectedApp, definition: ConnectedApp) -> None:
        row.app = _app_of(definition.app_tag or definition.access_tag)
        row.apply(definition)
        row.save()
        bindings.write_for_connected_app(row, definition.envs)
        row.forget_prefetched()


store = ConnectedAppStore()
create, update, save, delete = store.create, store.update, store.save, store.delete
fetch, fetch_all = store.fetch, store.fetch_all


def create_access_tag(*, integration: models.Integration, app_tag: str, by: Actor) -> str:
    """Return an access tag for the catalogue app that the integration does not use yet: `orders`, then `orders:2`, …

    Raises:
        NotFound: there is no such app.
    """
    apps.fetch(tag=app_tag, by=by)
    taken = {each.access_tag for each in store.fetch_all(integration=integration, by=by)}
    numbered = (_numbered(app_tag, number) for number in range(1, len(taken) + 2))
    return next(tag for tag in numbered if tag not in taken)


def _numbered(app_tag: str, number: int) -> str:
    """Return the app's tag with a number behind it, no longer than a tag may be."""
    suffix = f":{number}" if number > 1 else ""
    return app_tag[: LONGEST_TAG - len(suffix)] + suffix


def _app_of(access_tag: str) -> models.App:
    """Return the catalogue app that an access tag means, the most specific one first."""
    candidates = app_tag_candidates(access_tag)
    found = {app.tag: app for app in models.App.objects.filter(tag__in=candidates).with_definition()}
    for tag in candidates:
        if tag in found:
            return found[tag]
    known = ", ".join(models.App.objects.order_by("tag").values_list("tag", flat=True)[:10])
    hint = f"the catalogue has: {known}" if known else "add the app to the catalogue first"
    raise DefinitionError([Problem(f"connected_apps/{access_tag}/access_tag", "no app has this tag", hint)])
