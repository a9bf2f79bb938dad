"""Environments: where an integration runs."""

from __future__ import annotations

from typing import Annotated

from pydantic import JsonValue, StringConstraints

from integrations.definitions.base import SLUG_PATTERN, Definition, Description, Many, Tag
from integrations.definitions.connected_app import BoundAuth, BoundVariable

Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]


class AppEnvironmentBinding(Definition):
    """A connected app's binding, seen from the environment's side; the same row as the app's `envs` entry."""

    access_tag: Tag
    app_env_slug: Tag
    variables: Many[BoundVariable] = ()
    auth: BoundAuth = BoundAuth()


class Environment(Definition):
    env_name: Annotated[str, StringConstraints(min_length=2, max_length=50)]
    #: Lower-case letters and digits, 2 to 16, a letter first; three letters is the custom.
    slug: Slug
    description: Description = ""
    #: An inactive environment starts no run. What is queued there waits until it is active again.
    active: bool = True
    #: Authentication data for connected apps that set none here; sealed when stored; `{}` is allowed.
    auth: dict[str, JsonValue]
    envs: Many[AppEnvironmentBinding] = ()
