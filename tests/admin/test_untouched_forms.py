"""Saving a form that nobody has touched changes nothing, whichever it is and however much is filled in."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from integrations import models
from integrations.actors import SYSTEM
from integrations.admin.base.console import DefinitionAdmin
from integrations.admin.forms.base import ShapedForm
from integrations.operations import apps, integrations, secrets
from integrations.types import JsonObject
from tests.admin import pages
from tests.admin.conftest import logged_in
from tests.admin.controls import untouched
from tests.factories import UserFactory
from tests.scenes.scene import DOUBLE, FEATURE, make_app, put

pytestmark = pytest.mark.django_db

_FIELD: JsonObject = {
    "key": "id",
    "type": "string",
    "minLength": 1,
    "maxLength": 9,
    "description": "d",
    "sampleValue": "7",
}
APP: JsonObject = {
    "app_name": "Shop",
    "tag": "shop",
    "description": "Sells",
    "status": "private",
    "envs": [
        {
            "slug": "live",
            "env_name": "Live",
            "base_url": "https://shop.example/v1",
            "request_type": "form",
            "allowed_hosts": ["*.shop.example"],
            "rate_limit": {"limit": 5, "period": 2},
        }
    ],
    "actions": [
        {
            "tag": "get_order",
            "name": "Get",
            "description": "Reads",
            "method": "POST",
            "resource": "/orders/:id",
            "request_type": "json",
            "params": [_FIELD],
            "query": [{"key": "page", "type": "number", "defaultValue": 0}],
            "headers": [{"key": "X-Trace", "type": "string", "required": False}],
            "body": [{"key": "note", "type": "string", "required": False}],
            "responses": [{"status_code": 201, "success": True, "description": "made", "sample": {"id": 1}}],
            "pagination": {"kind": "cursor"},
            "idempotent": True,
            "effect": "irreversible",
        },
        {"tag": "login", "method": "POST", "resource": "/login", "effect": "read", "idempotent": False},
    ],
    "auths": [
        {
            "tag": "key",
            "name": "Key",
            "description": "d",
            "setup_type": "api_key",
            "placement": "query",
            "key_name": "k",
        },
        {"tag": "user_login", "setup_type": "credential_access", "action_tag": "login", "expiry": 5, "period": "mins"},
        {"tag": "token", "setup_type": "token_access", "tokens": {"headers": [_FIELD]}},
        {
            "tag": "oauth",
            "setup_type": "oauth2_client_credentials",
            "token_url": "https://shop.example/token",
            "scopes": ["a", "b"],
        },
    ],
    "variables": [{"key": "region", "type": "string", "required": False, "enum": ["eu"], "description": "d"}],
    "constants": [{"key": "currency", "value": {"a": [1, 2.5, None]}, "description": "d"}],
    "webhooks": [{"tag": "paid", "name": "Paid", "description": "d", "method": "PUT", "sample": {"id": 1}}],
    "retries": {"max": 2, "delay": 1, "factor": 3, "longest": 9, "policy": {"503": {"available": 1, "lag": 5}}},
}
CODE: dict[str, Any] = {
    "tag": "code",
    "name": "Code",
    "description": "d",
    "language": "ts",
    "function": "(input: { n: number }) => ({ m: input.n })\n",
    "input": [{"key": "n", "type": "number", "minimum": 0, "maximum": 9}],
    "output": {"type": "object", "output_keys": [{"key": "m", "type": "number"}]},
}
#: Everything that a feature of sequences may say.
GRAPH: dict[str, Any] = {
    **FEATURE,
    "tag": "graph",
    "name": "Graph",
    "description": "d",
    "store_event_results": False,
    "timeout": 60.5,
    "concurrency": 3,
    "rate_limit": {"limit": 5, "period": 2},
    "deduplicate": {"key": "$Input{id}", "window": 5},
}
JOBS: tuple[dict[str, Any], ...] = (
    {
        "tag": "nightly",
        "name": "Nightly",
        "description": "d",
        "target": {"type": "feature", "event": "graph"},
        "env": "dev",
        "input": {"id": "7"},
        "schedule": {
            "cron": "30 6 * * 1-5",
            "tz": "Europe/Berlin",
            "start_at": "2030-01-01T00:00:00+00:00",
            "end_at": "2040-01-01T00:00:00+00:00",
            "limit": 9,
        },
        "retries": 2,
        "retry": {"delay": 30, "factor": 2, "longest": 60},
        "overlap": "queue",
        "missed": "run_once",
        "priority": 7,
        "timeout": 30.5,
    },
    {
        "tag": "often",
        "target": {"type": "feature", "event": "code"},
        "env": "dev",
        "schedule": {"every": 90},
        "input": {"n": 1},
    },
    {
        "tag": "by_hand",
        "target": {"type": "function", "event": "double"},
        "env": "dev",
        "input": {"n": 1},
        "paused": True,
    },
)


@pytest.fixture
def superuser() -> User:
    return UserFactory.create(is_staff=True, is_superuser=True)


@pytest.fixture
def client(superuser: User) -> Client:
    return logged_in(superuser)


def make_everything() -> list[Any]:
    """Return a row of every kind, with as much in it as it may say."""
    app = make_app(APP)
    values: JsonObject = {"name": "Shop", "description": "d", "unique": True, "tag": "own_tag"}
    integration = integrations.create(values=values, by=SYSTEM)
    secret = secrets.put(integration=integration, key="api_key", value="hush-hush", description="d", by=SYSTEM)
    binding = {
        "app_env_slug": "live",
        "integration_env_slug": "dev",
        "variables": [{"key": "region", "value": "eu"}],
        "auth": {"auth_tag": "key", "data": {"k": "$Secret{api_key}"}},
    }
    own_auth = {
        **binding,
        "auth": {"auth_tag": "token", "data": {"headers": {"id": "hush"}}},
        "integration_env_slug": "prd",
    }
    made = [
        put(integration, "environments", env_name="Development", slug="dev", description="d", auth={"key": "hush"}),
        put(integration, "environments", env_name="Production", slug="prd", auth={}, active=False),
        put(integration, "connected_apps", access_tag="shop", envs=[binding, own_auth]),
        put(integration, "functions", publish=True, **{**DOUBLE, "description": "d", "name": "Double"}),
        put(integration, "functions", publish=True, **{**CODE, "tag": "typed"}),
        put(integration, "features", publish=True, **CODE),
        put(integration, "features", publish=True, **GRAPH),
        put(
            integration,
            "caches",
            tag="brief",
            name="Brief",
            description="d",
            sequence_tag="fetch",
            event_tag="get_order",
            expiry=5,
            period="months",
        ),
        put(
            integration,
            "notifications",
            tag="hello",
            name="Hello",
            description="d",
            envs=[{"slug": "dev", "email": {"host": "h", "password": "hush"}, "sms": {"token": "hush"}}],
            messages=[{"tag": "m", "channel": "email", "subject": "S", "body": "$Input{id}", "input": [_FIELD]}],
        ),
        put(
            integration,
            "databases",
            tag="store",
            name="Store",
            description="d",
            type="mysql",
            envs=[{"slug": "dev", "connection_url": "mysql://u:hush@h/d"}],
            actions=[{"tag": "all", "operation": "query", "sql": "SELECT 1", "read_only": True, "row_limit": 5}],
        ),
        *(put(integration, "jobs", **job) for job in JOBS),
    ]
    return [app, integration, secret, *made]


def described(row: Any) -> Any:
    fresh = type(row).objects.get(pk=row.pk)
    if isinstance(row, models.Secret):
        return (fresh.key, fresh.environment_id, fresh.description, fresh.open_value())
    return fresh.to_definition().to_dict()


def sealed(row: Any) -> Any:
    """Return what is sealed in a row and in those that belong to it."""
    match row:
        case models.Environment():
            return row.open_auth()
        case models.ConnectedApp():
            return [binding.open_auth() for binding in row.bindings.order_by("pk")]
        case models.Notification() | models.Database():
            return [settings.take() for settings in row.environments.order_by("pk")]
    return None


def test_untouched_form_changes_nothing(client: Client) -> None:
    for row in make_everything():
        before, kept, audited = described(row), sealed(row), models.AuditRecord.objects.count()
        url = pages.change_url(row)
        page = client.get(url).content.decode()

        boxes = untouched(page, form_id=f"{row._meta.model_name}_form")
        response = client.post(url, boxes)

        assert response.status_code == 302, (row, pages.errors(response))
        assert described(row) == before, row
        assert sealed(type(row).objects.get(pk=row.pk)) == kept, row
        assert models.AuditRecord.objects.count() == audited, (row, models.AuditRecord.objects.last())


def test_every_field_of_a_shape_is_rendered(client: Client) -> None:
    """One that is not is missing in what the form sends, and so wiped when it is saved."""
    rows = {type(row): row for row in make_everything()}
    checked = 0
    for model, model_admin in admin.site._registry.items():
        if not isinstance(model_admin, DefinitionAdmin) or model not in rows:
            continue
        response = client.get(pages.change_url(rows[model]))
        page = response.content.decode()
        inlines = response.context["inline_admin_formsets"]
        for form in (response.context["adminform"].form, *(inline.formset.empty_form for inline in inlines)):
            if not isinstance(form, ShapedForm):
                continue
            for name in form.SHAPE:
                box = form.add_prefix(form.ALIASES.get(name, name))
                assert f'name="{box}' in page, (model, box)
                checked += 1
    assert checked > 80


def test_form_of_an_app_keeps_what_its_actions_do_to_the_outside(client: Client) -> None:
    app = make_app(APP)

    response = pages.send(client, pages.change_url(app), description="Changed")

    assert response.status_code == 302
    stored = apps.fetch(tag="shop", by=SYSTEM).to_definition()
    assert (stored.description, [action.effect for action in stored.actions]) == ("Changed", ["irreversible", "read"])
