"""Makes the integration that the fault tests run, in the database of this process: python -m tests.faults.scene URL."""

from __future__ import annotations

import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402  models can be imported only now
from django.core.management import call_command  # noqa: E402

from integrations.types import Json  # noqa: E402
from tests.faults import witness  # noqa: E402
from tests.faults.fake_api import REFUSALS  # noqa: E402
from tests.faults.installation import PASSWORD  # noqa: E402
from tests.scenes import scene  # noqa: E402


def _action(name: str, **fields: Any) -> dict[str, Any]:
    body = {"run": "$Run{id}", **fields}
    return {"type": "action", "app": "api", "event": name, "input": {"body": body}}


def _feature(tag: str, *events: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"tag": tag, "sequence": [{"sequence_tag": "main", "events": list(events)}], **fields}


NOTHING = {
    "type": "function",
    "event": "double",
    "input": {"n": 1},
    "condition": {"subject": 0, "decision_type": "equals", "value": 1},
}
SECONDS = {"seconds": {"type": "float"}}
FEATURES = [
    #: Three steps, two of them outside.
    _feature(
        "order",
        _action("reserve"),
        {"type": "function", "event": "double", "input": {"n": "$Sequence{main}{reserve}{price}"}},
        _action("pay"),
        input={"number": "number"},
        output={"total": "$Sequence{main}{double}"},
    ),
    #: One call that takes as long as its input says, and one after it.
    _feature("hold", _action("reserve", seconds="$Input{seconds}"), _action("pay"), input=SECONDS),
    _feature(
        "endless",
        _action("reserve") | {"condition": {"type": "do_while", "decision_type": "exists", "value": True}},
    ),
    _feature("falls_back", _action("refuse") | {"fallback": _action("refuse_too")}),
    _feature(
        "rolls_back",
        _action("reserve") | {"rollback": _action("release")},
        _action("pay") | {"rollback": _action("refuse_to_undo")},
        _action("refuse"),
    ),
    _feature("nothing", NOTHING),
    _feature("nothing_stored", NOTHING, store_event_results=False),
]


def make(api_url: str) -> None:
    call_command("migrate", verbosity=0)
    User.objects.create_superuser("root", password=PASSWORD)
    body: list[Json] = [{"key": "run", "type": "string"}, {"key": "seconds", "type": "float", "required": False}]
    actions: list[Json] = [
        {"tag": tag, "method": "POST", "resource": f"/{tag}", "body": body}
        for tag in ("reserve", "pay", "release", *REFUSALS)
    ]
    scene.make_app(
        {"app_name": "API", "tag": "api", "envs": [{"slug": "live", "base_url": api_url}], "actions": actions}
    )
    _make_integration("Faults", FEATURES)
    _make_integration("Quiet", [_feature("quiet", NOTHING)])
    witness.install()


def _make_integration(name: str, features: list[dict[str, Any]]) -> None:
    integration = scene.make_integration(name)
    scene.put(integration, "environments", env_name="Development", slug="dev", auth={})
    scene.put(integration, "connected_apps", access_tag="api", envs=[scene.bound("dev")])
    scene.put(integration, "functions", publish=True, **scene.DOUBLE)
    for feature in features:
        scene.put(integration, "features", publish=True, **feature)


if __name__ == "__main__":
    make(sys.argv[1])
