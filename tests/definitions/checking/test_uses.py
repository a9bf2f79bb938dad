from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.checking import references_to, rename_references
from integrations.definitions.contents import Contents
from integrations.definitions.database import Database
from integrations.definitions.feature import Feature
from integrations.definitions.job import Job
from integrations.definitions.notification import Notification
from integrations.types import JsonObject
from tests.definitions.checking.integration import contents, feature, order

_CALLS: JsonObject = {"function": "double", "values": ["$Secret{pepper}"]}
_EVENTS: list[JsonObject] = [
    {
        "type": "function",
        "event": "double",
        "cache": "hourly",
        "input": {"number": 1, "label": "$Variable{shop}{region} and $Constant{shop}{version}"},
        "condition": {"subject": "$Secret{pepper}", "value": _CALLS},
        "fallback": {"type": "function", "event": "double", "input": {"number": 2}},
    },
    order(rollback={"type": "feature", "event": "inner"}, rollback_input={"a": _CALLS}),
    {"type": "notification", "event": "mail:paid"},
    {"type": "database_action", "database": "main", "event": "find"},
    {"type": "job", "event": "nightly"},
]


def _integration() -> Contents:
    whole = feature(*_EVENTS, output=["$Secret{pepper}"], deduplicate={"key": _CALLS, "window": 1})
    return contents(
        features={"checkout": whole},
        jobs={
            "inner": Job.parse({"tag": "inner", "env": "dev"}),
            "order": Job.parse({"tag": "order", "target": {"type": "action", "app": "shop", "event": "order"}}),
            "send": Job.parse({"tag": "send", "target": {"type": "notification", "event": "mail:paid"}}),
            "find": Job.parse(
                {"tag": "find", "target": {"type": "database_action", "database": "main", "event": "find"}}
            ),
        },
        notifications={
            "mail": Notification.parse(
                {
                    "tag": "mail",
                    "envs": [{"slug": "dev"}],
                    "messages": [{"tag": "paid", "channel": "sms", "body": "$Secret{pepper}"}],
                }
            )
        },
        databases={
            "main": Database.parse(
                {
                    "tag": "main",
                    "envs": [{"slug": "dev", "connection_url": "x"}],
                    "actions": [
                        {"tag": "find", "operation": "insert", "table": "t", "template": {"a": "$Secret{pepper}"}}
                    ],
                }
            )
        },
    )


_E = "features/checkout/sequence[0]/events"
_USES: list[tuple[str, str, list[str]]] = [
    (
        "function",
        "double",
        [
            f"{_E}[0]/event",
            f"{_E}[0]/condition/value",
            f"{_E}[0]/fallback/event",
            f"{_E}[1]/rollback_input/a",
            "features/checkout/deduplicate/key",
        ],
    ),
    ("feature", "inner", [f"{_E}[1]/rollback/event", "jobs/inner/target"]),
    (
        "connected app",
        "shop",
        [f"{_E}[0]/input/label", f"{_E}[0]/input/label", f"{_E}[1]/app", "jobs/order/target/app"],
    ),
    ("cache", "hourly", [f"{_E}[0]/cache"]),
    ("notification", "mail", [f"{_E}[2]/event", "jobs/send/target/event"]),
    ("database", "main", [f"{_E}[3]/database", "jobs/find/target/database"]),
    ("job", "nightly", [f"{_E}[4]/event"]),
    (
        "secret",
        "pepper",
        [
            f"{_E}[0]/condition/subject",
            f"{_E}[0]/condition/value/values[0]",
            f"{_E}[1]/rollback_input/a/values[0]",
            "features/checkout/output[0]",
            "features/checkout/deduplicate/key/values[0]",
            "notifications/mail/messages[0]/body",
            "databases/main/actions[0]/template/a",
        ],
    ),
    ("environment", "dev", ["jobs/inner/env", "notifications/mail/envs[0]/slug", "databases/main/envs[0]/slug"]),
    ("function", "any", []),
    ("environment", "shop", []),
]


@pytest.mark.parametrize(("kind", "tag", "places"), _USES)
def test_references_to_lists_every_place_of_that_kind_and_tag(kind: str, tag: str, places: list[str]) -> None:
    assert references_to(_integration(), kind, tag) == places


def _renamed(whole: Contents, kind: str, old: str, new: str) -> Contents:
    def each(definitions: Any) -> Any:
        return {tag: rename_references(definition, kind, old, new) for tag, definition in definitions.items()}

    return contents(
        features=each(whole.features),
        jobs=each(whole.jobs),
        notifications=each(whole.notifications),
        databases=each(whole.databases),
    )


@pytest.mark.parametrize(("kind", "tag", "places"), _USES)
def test_renaming_moves_every_reference_and_no_other(kind: str, tag: str, places: list[str]) -> None:
    before = _integration()

    after = _renamed(before, kind, tag, "fresh")

    moved = [place + "/event" if place == "jobs/inner/target" else place for place in places]
    assert references_to(after, kind, tag) == []
    assert references_to(after, kind, "fresh") == moved
    for other_kind, other_tag, other_places in _USES:
        if (other_kind, other_tag) != (kind, tag):
            found = references_to(after, other_kind, other_tag)
            assert [place.removesuffix("/event") for place in found] == [
                place.removesuffix("/event") for place in other_places
            ]


def test_renamed_definition_still_parses() -> None:
    for kind, tag, _ in _USES:
        after = _renamed(_integration(), kind, tag, "fresh")
        for definitions in (after.features, after.jobs, after.notifications, after.databases):
            for definition in definitions.values():
                assert type(definition).parse(definition.to_compact_dict()) == definition


def test_definition_without_the_reference_is_left_as_it_is() -> None:
    whole = feature(output="$Concat( [ 1 ] )")

    assert rename_references(whole, "function", "nobody", "somebody") is whole


def test_event_keeps_its_name_when_what_it_calls_is_renamed() -> None:
    before = feature(*_EVENTS, output="$Sequence{main}{double}{result}")

    after = rename_references(before, "function", "double", "twice")

    assert (after.sequence[0].events[0].event, after.sequence[0].events[0].tag) == ("twice", "double")
    assert after.output == before.output


def test_connected_apps_and_environments_follow_each_other() -> None:
    shop = contents().connected_apps["shop"]
    dev = contents().environments["dev"].changed({"envs": [{"access_tag": "shop", "app_env_slug": "sandbox"}]})

    assert rename_references(shop, "environment", "dev", "new").envs[0].integration_env_slug == "new"
    assert rename_references(dev, "connected app", "shop", "new").envs[0].access_tag == "new"
    assert rename_references(shop, "connected app", "shop", "new") is shop


def test_mapping_that_cannot_be_read_is_left_as_it_is() -> None:
    broken = Feature.parse(feature(output="$Nope").to_compact_dict())

    assert rename_references(broken, "secret", "a", "b") is broken
    assert references_to(contents(features={"checkout": broken}), "secret", "a") == []
