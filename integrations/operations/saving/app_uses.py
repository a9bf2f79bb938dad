"""Finds what would break in the integrations that use an app when parts of it are dropped or renamed."""

from __future__ import annotations

import dataclasses

from integrations import models
from integrations.definitions import checking
from integrations.definitions.app import App
from integrations.definitions.contents import Contents
from integrations.errors import Problem
from integrations.runtime.releases.contents import contents_of


def broken_uses(row: models.App, definition: App) -> list[Problem]:
    """Return every place that refers to a part of the stored app which `definition` does not have any more.

    Places start with `integrations/<tag>`. What the app only adds or changes is checked when a feature is saved next:
    an API may not stand still until everyone who uses it has followed.
    """
    is_new: bool = row.pk is None
    if is_new or _names(row.to_definition()) <= _names(definition):
        return []
    problems: list[Problem] = []
    for connected in models.ConnectedApp.objects.filter(app=row).select_related("integration").order_by("pk"):
        contents = contents_of(connected.integration)
        changed = dataclasses.replace(contents, apps={**contents.apps, connected.access_tag: definition})
        broken = set(_problems(changed, connected.access_tag)) - set(_problems(contents, connected.access_tag))
        problems += [problem.under(f"integrations/{contents.tag}") for problem in sorted(broken)]
    return problems


def _names(app: App) -> set[tuple[str, str]]:
    """Return what can be referred to; environments, which bindings are rows of, are looked after elsewhere."""
    return {
        *(("action", action.tag) for action in app.actions),
        *(("auth", auth.tag) for auth in app.auths),
        *(("variable", variable.key) for variable in app.variables),
        *(("constant", constant.key) for constant in app.constants),
    }


def _problems(contents: Contents, access_tag: str) -> list[Problem]:
    bound = checking.check_connected_app(contents.connected_apps[access_tag], contents)
    called = [problem for each in contents.features.values() for problem in checking.check_feature(each, contents)]
    jobs = [problem for each in contents.jobs.values() for problem in checking.check_job(each, contents)]
    return [*bound, *called, *jobs]
