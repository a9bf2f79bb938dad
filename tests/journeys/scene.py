"""An integration whose one app is a small API of the test's own, and features made for it in a line."""

from __future__ import annotations

from typing import Any

from integrations.actors import SYSTEM
from integrations.builder import Ductape, ProcessResult
from integrations.builder.integration import IntegrationBuilder
from integrations.types import Json, JsonObject

PASSWORD = "correct-horse-battery"
LOGIN: JsonObject = {"user": "ann", "password": PASSWORD}


def make_scene(api_url: str) -> IntegrationBuilder:
    """Return a builder, open on the integration `lab` with the environment `dev`, the app `api` and two functions.

    The app posts anything to `/first`, `/second` and `/third`, and retries four times at once.
    """
    ductape = Ductape(user=SYSTEM)
    app = ductape.get_app_builder()
    app.create_app(app_name="API", tag="api")
    app.update_app(retries={"max": 4, "delay": 0})
    app.create_env(slug="local", base_url=api_url)
    for tag in ("first", "second", "third"):
        app.create_action(tag=tag, method="POST", resource=f"/{tag}")
    app.create_action(tag="login", method="POST", resource="/login")
    app.create_auth(tag="user_login", setup_type="credential_access", action_tag="login", expiry=1, period="hours")
    builder = ductape.get_integration_builder()
    builder.create_integration(name="Lab", description="Where things are tried out")
    builder.create_env(env_name="Development", slug="dev", auth={})
    auth: JsonObject = {"auth_tag": "user_login", "data": {"body": LOGIN}}
    builder.add_app(access_tag="api", envs=[{"app_env_slug": "local", "integration_env_slug": "dev", "auth": auth}])
    builder.create_function(tag="echo", language="js", function="(input) => { console.log(input); return input; }")
    return builder


def call(tag: str, *, body: Json = None, **fields: Any) -> JsonObject:
    """Return an event that posts `body`."""
    sections: JsonObject = {} if body is None else {"body": body}
    return {"type": "action", "event": tag, "app": "api", "input": {**sections, **fields.pop("input", {})}, **fields}


def echo(input: JsonObject, **fields: Any) -> JsonObject:
    """Return an event that runs the function which gives back its input."""
    return {"type": "function", "event": "echo", "input": input, **fields}


def sequence(tag: str, *events: JsonObject, parents: tuple[str, ...] = ()) -> JsonObject:
    return {"sequence_tag": tag, "parents": [*parents], "events": [*events]}


def run(tag: str = "try", input: Json = None) -> ProcessResult:
    return (
        Ductape(user=SYSTEM).get_processor().process_feature(integration="lab", env="dev", feature_tag=tag, input=input)
    )
