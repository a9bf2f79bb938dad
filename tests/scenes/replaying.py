"""A feature that reads, writes and deletes through a scripted connector, for replays of what has gone wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integrations import models
from integrations.actors import SYSTEM
from integrations.connectors.http.errors import HttpStatusError
from integrations.operations import environments, features, runs
from integrations.runtime.execution import event_loop
from integrations.types import JsonObject
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.scene import bound, make_app, make_integration, put

STORE: JsonObject = {
    "app_name": "Store",
    "tag": "store",
    "envs": [{"slug": "live", "base_url": "https://store.example"}],
    "actions": [
        {"tag": "look", "method": "GET", "resource": "/look"},
        {
            "tag": "create",
            "method": "POST",
            "resource": "/create",
            "body": {"n": {"type": "number", "required": False}},
        },
        {"tag": "pay", "method": "POST", "resource": "/pay", "body": {"id": {"type": "string", "required": False}}},
        {"tag": "mail", "method": "POST", "resource": "/mail", "effect": "irreversible"},
        {"tag": "remove", "method": "DELETE", "resource": "/remove"},
    ],
    "retries": {"max": 0},
}


def call(tag: str, **more: Any) -> JsonObject:
    return {"type": "action", "event": tag, "app": "store", **more}


CREATE = call("create", input={"body": {"n": "$Input{n}"}})
PAY = call("pay", input={"body": {"id": "$Sequence{main}{create}{id}"}})
#: look → create → pay → mail, in one sequence.
ORDER: JsonObject = {
    "tag": "order",
    "input": {"n": "number"},
    "sequence": [{"sequence_tag": "main", "events": [call("look"), CREATE, PAY, call("mail")]}],
    "output": {"paid": "$Sequence{main}{pay}"},
}


def make_store(*definitions: JsonObject) -> models.Integration:
    """Return an integration with the environment `dev` and these features, published."""
    make_app(STORE)
    integration = make_integration("Store keeping")
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    put(integration, "connected_apps", access_tag="store", envs=[bound("dev")])
    for definition in definitions:
        put(integration, "features", publish=True, **definition)
    return integration


@contextmanager
def scripted() -> Iterator[FakeActionConnector]:
    """Let runs of this process call a scripted connector; everything succeeds unless the test says otherwise."""
    loop = event_loop.shared()
    real, fake = (
        loop.actions,
        FakeActionConnector({"look": {"free": 3}, "create": {"id": "o-1"}, "pay": {"ok": True}}),
    )
    fake.answers |= {"mail": {"sent": True}, "remove": {"gone": True}}
    loop.actions = fake
    try:
        yield fake
    finally:
        loop.actions = real


def refused() -> HttpStatusError:
    return HttpStatusError("the API answered 422", status=422)


def execute(integration: models.Integration, tag: str = "order", **input: Any) -> models.Run:
    """Return a run of the feature, executed."""
    run = runs.start(
        feature=features.fetch(integration=integration, tag=tag, by=SYSTEM),
        environment=environments.fetch(integration=integration, tag="dev", by=SYSTEM),
        input=input or {"n": 1},
        by=SYSTEM,
        trigger=models.Run.Trigger.BUILDER,
    )
    return runs.execute(run)


def called(fake: FakeActionConnector) -> list[str]:
    """Return the tags of the actions that were called since this was last asked."""
    tags = [each.action.tag for each in fake.calls]
    fake.calls.clear()
    return tags
