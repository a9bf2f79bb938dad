"""Everything that one integration defines: what references are checked against and releases are cut from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations.definitions.app import App
from integrations.definitions.cache import Cache
from integrations.definitions.connected_app import ConnectedApp
from integrations.definitions.database import Database
from integrations.definitions.environment import Environment
from integrations.definitions.feature import Feature
from integrations.definitions.function import Function
from integrations.definitions.job import Job
from integrations.definitions.notification import Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The definitions of one integration, each kind by tag, and the catalogue apps that it connects."""

    tag: str
    environments: Mapping[str, Environment] = field(default_factory=dict)
    #: By access tag.
    connected_apps: Mapping[str, ConnectedApp] = field(default_factory=dict)
    #: The catalogue app behind each access tag.
    apps: Mapping[str, App] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    features: Mapping[str, Feature] = field(default_factory=dict)
    caches: Mapping[str, Cache] = field(default_factory=dict)
    notifications: Mapping[str, Notification] = field(default_factory=dict)
    databases: Mapping[str, Database] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)
    #: Secret key → slugs of the environments that have a value of their own; "" stands for all environments.
    secrets: Mapping[str, frozenset[str]] = field(default_factory=dict)
