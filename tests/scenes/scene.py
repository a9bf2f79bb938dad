"""A small integration that uses every kind of definition, made through the operations; and people to act on it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission, User

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import (
    apps,
    caches,
    connected_apps,
    databases,
    environments,
    features,
    functions,
    integrations,
    jobs,
    notifications,
)
from integrations.types import Json, JsonObject
from tests.factories.user import UserFactory

SHOP: JsonObject = {
    "app_name": "Shop",
    "tag": "shop",
    "envs": [{"slug": "live", "base_url": "https://shop.example"}, {"slug": "test", "base_url": "https://t.example"}],
    "actions": [
        {"tag": "get_order", "method": "GET", "resource": "/orders/:id"},
        {"tag": "login", "method": "POST", "resource": "/login", "body": {"user": "string", "password": "string"}},
    ],
    "auths": [
        {"tag": "key", "setup_type": "api_key"},
        {"tag": "user_login", "setup_type": "credential_access", "action_tag": "login"},
    ],
    "variables": {"region": {"type": "string", "required": False}},
    "constants": [{"key": "currency", "value": "EUR"}],
}
#: Reads something of every kind that a feature can refer to.
FEATURE: dict[str, Any] = {
    "tag": "look_up",
    "input": {"id": "string"},
    "sequence": [
        {
            "sequence_tag": "fetch",
            "events": [
                {"type": "action", "event": "get_order", "app": "shop", "input": {"params": {"id": "$Input{id}"}}},
                {"type": "function", "event": "double", "input": {"n": 2}},
            ],
        }
    ],
    "output": {"order": "$Sequence{fetch}{get_order}", "twice": "$Sequence{fetch}{double}"},
}
DOUBLE: dict[str, Any] = {
    "tag": "double",
    "language": "js",
    "function": "(input) => input.n * 2",
    "input": {"n": "number"},
}

STORES: dict[str, Any] = {
    "environments": environments.store,
    "functions": functions.store,
    "caches": caches.store,
    "notifications": notifications.store,
    "connected_apps": connected_apps.store,
    "features": features.store,
    "databases": databases.store,
    "jobs": jobs.store,
}


def make_integration(name: str = "Order sync", **fields: Json) -> models.Integration:
    return integrations.create(values={"name": name, "description": "Keeps orders equal", **fields}, by=SYSTEM)


def make_app(values: JsonObject = SHOP) -> models.App:
    return apps.create(values=values, by=SYSTEM)


def put(integration: models.Integration, collection: str, *, publish: bool = False, **values: Any) -> Any:
    """Create something and return its row."""
    return STORES[collection].create(integration=integration, values=values, by=SYSTEM, publish=publish)


def make_scene(*, publish: bool = True) -> models.Integration:
    """Return an integration with the environment `dev`, the connected app `shop`, a function and a feature."""
    make_app()
    integration = make_integration()
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    put(integration, "connected_apps", access_tag="shop", envs=[bound("dev")])
    put(integration, "functions", publish=publish, **DOUBLE)
    put(integration, "features", publish=publish, **FEATURE)
    return integration


def bound(env: str, *, to: str = "live", **fields: Json) -> JsonObject:
    return {"app_env_slug": to, "integration_env_slug": env, **fields}


def person(*codenames: str, member_of: models.Integration | None = None, group: str | None = None) -> User:
    """Return a user with just these permissions, or those of a group, who is a member of the integration."""
    user = UserFactory.create()
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    if group is not None:
        user.groups.add(Group.objects.get(name=group))
    if member_of is not None:
        member_of.members.add(user)
    return user


def everything_but(*codenames: str) -> list[str]:
    permissions = Permission.objects.filter(content_type__app_label="integrations")
    return list(permissions.exclude(codename__in=codenames).values_list("codename", flat=True))


def last_audit() -> models.AuditRecord:
    return models.AuditRecord.objects.latest("pk")
