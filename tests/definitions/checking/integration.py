"""One integration with something of every kind, which the tests of this folder break in one place at a time."""

from __future__ import annotations

import dataclasses
from typing import Any

from integrations.definitions.app import App
from integrations.definitions.cache import Cache
from integrations.definitions.connected_app import ConnectedApp
from integrations.definitions.contents import Contents
from integrations.definitions.database import Database
from integrations.definitions.environment import Environment
from integrations.definitions.feature import Feature
from integrations.definitions.function import Function
from integrations.definitions.job import Job
from integrations.definitions.notification import Notification
from integrations.errors import Problem
from integrations.types import JsonObject

APP: JsonObject = {
    "app_name": "Shop",
    "tag": "shop",
    "envs": [
        {"slug": "sandbox", "base_url": "https://sandbox.example.com"},
        {"slug": "closed", "base_url": "https://closed.example.com", "active": False},
    ],
    "actions": [
        {
            "tag": "login",
            "method": "POST",
            "resource": "/login",
            "body": {"user": "string", "password": "string"},
        },
        {
            "tag": "order",
            "method": "POST",
            "resource": "/orders/:id",
            "params": {"id": "string"},
            "query": {"note": {"type": "string", "required": False}},
            "body": {
                "amount": {"type": "number", "minimum": 1},
                "currency": {"type": "string", "maxLength": 3, "defaultValue": "EUR"},
                "note": {"type": "string", "required": False},
                "lines": {
                    "type": "array",
                    "maxLength": 2,
                    "required": False,
                    "fields": {"sku": "string", "count": {"type": "number", "defaultValue": 1}},
                },
            },
            "responses": [{"status_code": 200, "body": {"id": "string", "total": "number"}}],
        },
        {
            "tag": "report",
            "method": "POST",
            "resource": "/report",
            "body": {"type": "object", "required": ["day"], "properties": {"day": {"type": "string"}}},
            "responses": [{"status_code": 200, "sample": {"rows": []}}],
        },
        {"tag": "free", "method": "GET", "resource": "/free/{id}"},
    ],
    "auths": [
        {"tag": "user", "setup_type": "credential_access", "action_tag": "login"},
        {"tag": "key", "setup_type": "token_access", "tokens": {"headers": {"X-Key": "string"}}},
    ],
    "variables": {"region": "string", "limit": {"type": "number", "required": False}},
    "constants": [{"key": "version", "value": 2}],
}

BINDING: JsonObject = {
    "app_env_slug": "sandbox",
    "integration_env_slug": "dev",
    "variables": [{"key": "region", "value": "eu"}],
    "auth": {"auth_tag": "user", "data": {"user": "u", "password": "[sealed]"}},
}

EVENT: JsonObject = {"type": "function", "event": "double", "input": {"number": "$Input{amount}"}}


def contents(**changes: Any) -> Contents:
    """Return the integration, each kind replaced that `changes` name."""
    return dataclasses.replace(_CONTENTS, **changes)


def feature(*events: JsonObject, **changes: Any) -> Feature:
    """Return a feature of one sequence `main`, its events those given."""
    described: JsonObject = {
        "tag": "checkout",
        "input": {
            "amount": "number",
            "name": {"type": "string", "minLength": 4, "maxLength": 50},
            "items": {"type": "array", "fields": {"sku": "string"}, "required": False},
            "tags": {"type": "array", "items": {"type": "string"}, "required": False},
            "flag": {"type": "boolean", "required": False},
        },
        "sequence": [{"sequence_tag": "main", "events": list(events) or [EVENT]}],
        **changes,
    }
    return Feature.parse(described)


def order(**changes: Any) -> JsonObject:
    """Return an event that orders."""
    values: JsonObject = {"params": {"id": "1"}, "body": {"amount": "$Input{amount}"}}
    return {"type": "action", "app": "shop", "event": "order", "input": values, **changes}


def lines(problems: list[Problem]) -> list[tuple[str, str, str]]:
    return [(problem.place, problem.message, problem.hint) for problem in problems]


_CONTENTS = Contents(
    tag="demo",
    environments={
        slug: Environment.parse({"env_name": slug, "slug": slug, "auth": {}, "active": active})
        for slug, active in (("dev", True), ("old", False))
    },
    connected_apps={"shop": ConnectedApp.parse({"access_tag": "shop", "envs": [BINDING]})},
    apps={"shop": App.parse(APP)},
    functions={
        "double": Function.parse(
            {
                "tag": "double",
                "language": "js",
                "function": "x",
                "input": {"number": "number", "label": {"type": "string", "required": False}},
                "output": {"type": "object", "output_keys": {"result": "number"}},
            }
        ),
        "list": Function.parse(
            {
                "tag": "list",
                "language": "js",
                "function": "x",
                "output": {"type": "array", "output_keys": {"sku": "string"}},
            }
        ),
        "any": Function.parse({"tag": "any", "language": "js", "function": "x"}),
    },
    features={
        "inner": Feature.parse(
            {
                "tag": "inner",
                "input": {"a": "string"},
                "sequence": [{"sequence_tag": "s", "events": [{"type": "function", "event": "any"}]}],
            }
        )
    },
    caches={
        "hourly": Cache.parse(
            {"tag": "hourly", "sequence_tag": "main", "event_tag": "double", "expiry": 1, "period": "hours"}
        )
    },
    notifications={
        "mail": Notification.parse(
            {"tag": "mail", "messages": [{"tag": "paid", "channel": "email", "input": {"name": "string"}}]}
        )
    },
    databases={
        "main": Database.parse(
            {"tag": "main", "actions": [{"tag": "find", "operation": "query", "sql": "x", "input": {"id": "number"}}]}
        )
    },
    jobs={"nightly": Job.parse({"tag": "nightly"})},
    secrets={"pepper": frozenset({""})},
)
