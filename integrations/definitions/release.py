"""Releases: the frozen set of definitions that a run uses, however late it runs."""

from __future__ import annotations

import hashlib
from functools import cached_property

from integrations import strict_json
from integrations.definitions.app import App
from integrations.definitions.base import Definition, Tag
from integrations.definitions.cache import Cache
from integrations.definitions.feature import Feature
from integrations.definitions.function import Function


class ReleasedFunction(Definition):
    """A function as published: its definition, and the JavaScript that it was compiled to."""

    definition: Function
    javascript: str
    version: int


class ReleasedFeature(Definition):
    """A feature as published, to be run as an event of another one."""

    definition: Feature
    version: int
    #: A code feature's own function, compiled.
    javascript: str | None = None


class Release(Definition):
    """A feature with everything that it reaches. Bindings and secrets are no part of it: they are read when it runs."""

    integration: Tag
    feature: Feature
    version: int
    #: A code feature's own function, compiled.
    javascript: str | None = None
    functions: dict[str, ReleasedFunction] = {}
    #: By access tag; only the actions and auths that the feature reaches, without environments.
    apps: dict[str, App] = {}
    caches: dict[str, Cache] = {}
    #: Nested features by tag, those that they call themselves included.
    features: dict[str, ReleasedFeature] = {}

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON, in hex: equal releases share it."""
        return hashlib.sha256(strict_json.canonical(self.to_compact_dict()).encode()).hexdigest()
