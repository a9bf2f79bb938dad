"""Features that call each other and need nothing from outside: every event waits for no time."""

from __future__ import annotations

from typing import Any

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import environments, features, runs
from integrations.types import JsonObject
from tests.scenes.scene import make_integration, put

PAUSE: JsonObject = {"type": "wait", "event": "pause", "input": {"seconds": 0}}
#: Parks the run.
HOLD: JsonObject = {"type": "wait", "event": "hold", "input": {"seconds": 600}}
#: Fails.
BAD: JsonObject = {"type": "wait", "event": "bad", "input": {"seconds": "$Input{gone}"}}


def made_of(tag: str, *events: JsonObject, output: Any = None, **more: Any) -> JsonObject:
    return {"tag": tag, "sequence": [{"sequence_tag": "main", "events": list(events)}], "output": output, **more}


def calling(tag: str, **more: Any) -> JsonObject:
    return {"type": "feature", "event": tag, **more}


def make_nest(*definitions: JsonObject) -> models.Integration:
    """Return an integration with the environment `dev` and these features, published, in their order."""
    integration = make_integration("Nest")
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    for definition in definitions:
        put(integration, "features", publish=True, **definition)
    return integration


def start(integration: models.Integration, tag: str, **input: Any) -> models.Run:
    return runs.start(
        feature=features.fetch(integration=integration, tag=tag, by=SYSTEM),
        environment=environments.fetch(integration=integration, tag="dev", by=SYSTEM),
        input=input,
        by=SYSTEM,
        trigger=models.Run.Trigger.BUILDER,
    )
