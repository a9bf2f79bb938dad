"""Writes the bindings of connected apps: one row per connected app and environment, seen from either side."""

from __future__ import annotations

from collections.abc import Iterable

from integrations import models
from integrations.definitions import secrecy
from integrations.definitions.connected_app import Binding
from integrations.definitions.environment import AppEnvironmentBinding
from integrations.errors import Problem
from integrations.types import Json


def write_for_connected_app(connected: models.ConnectedApp, bindings: Iterable[Binding]) -> None:
    """Make the connected app's bindings just these."""
    environments = {each.slug: each for each in models.Environment.objects.for_integration(connected.integration)}
    kept = [_write(connected, environments[binding.integration_env_slug], binding) for binding in bindings]
    models.AppBinding.objects.filter(connected_app=connected).exclude(pk__in=kept).delete()


def write_for_environment(environment: models.Environment, bindings: Iterable[AppEnvironmentBinding]) -> None:
    """Make the environment's bindings just these."""
    connected = {each.access_tag: each for each in models.ConnectedApp.objects.for_integration(environment.integration)}
    kept = [_write(connected[binding.access_tag], environment, binding) for binding in bindings]
    models.AppBinding.objects.filter(environment=environment).exclude(pk__in=kept).delete()


def kept_problems(
    row: models.ConnectedApp | models.Environment, bindings: Iterable[Binding | AppEnvironmentBinding], *, place: str
) -> list[Problem]:
    """Return every sealed value that the bindings of a connected app or an environment keep, but that is not stored."""
    stored = _shapes(row) if row.pk else {}
    problems: list[Problem] = []
    for index, binding in enumerate(bindings):
        other = binding.integration_env_slug if isinstance(binding, Binding) else binding.access_tag
        where = f"{place}/envs[{index}]/auth/data"
        problems += secrecy.problems_of(binding.auth.data, stored.get(other), place=where)
    return problems


def _shapes(row: models.ConnectedApp | models.Environment) -> dict[str, Json]:
    """Return the masked auth data of each binding by what is on its other side."""
    rows = row.bindings.select_related("connected_app", "environment")
    if isinstance(row, models.ConnectedApp):
        return {each.environment.slug: each.auth_shape for each in rows}
    return {each.connected_app.access_tag: each.auth_shape for each in rows}


def _write(
    connected: models.ConnectedApp, environment: models.Environment, binding: Binding | AppEnvironmentBinding
) -> int:
    row = models.AppBinding.objects.filter(connected_app=connected, environment=environment).first()
    row = row or models.AppBinding(connected_app=connected, environment=environment)
    place = f"connected_apps/{connected.access_tag}/envs/{environment.slug}/auth/data"
    data = secrecy.unmasked(binding.auth.data, row.open_auth() if row.pk else None, place=place)
    row.app_environment = connected.app.environments.get(slug=binding.app_env_slug)
    row.variables = [variable.to_dict() for variable in binding.variables]
    row.auth_tag = binding.auth.auth_tag or ""
    row.set_auth(data)
    row.save()
    return row.pk
