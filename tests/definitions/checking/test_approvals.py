from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.checking import check_feature
from integrations.types import Json, JsonObject
from tests.definitions.checking.integration import EVENT, contents, feature, lines

AT = "features/checkout/sequence[0]/events[0]/"


def _check(input: JsonObject, *behind: JsonObject, **more: Any) -> list[tuple[str, str]]:
    event: JsonObject = {"type": "approval", "event": "boss", "input": input, **more}
    found = lines(check_feature(feature(event, *behind), contents()))
    return [(place.removeprefix(AT), message) for place, message, _ in found]


@pytest.mark.parametrize(
    "input",
    [
        {"title": "Go on?"},
        {"title": "Pay $Env{slug}", "description": "", "self_approval": True, "expires_in": 3600},
        {"title": "Go on?", "approvers": {"groups": ["Managers"], "users": ["ada"]}},
        {"title": "Go on?", "payload": 1},
        {"title": "Go on?", "payload": {"any": ["$Env{slug}"]}},
        {"title": "Go on?", "expires_in": 1.5, "approvers": {}},
    ],
)
def test_approval_may_be_asked_like_this(input: JsonObject) -> None:
    assert _check(input) == []


@pytest.mark.parametrize(
    ("input", "problem"),
    [
        ({}, ("input/title", '"title" is required')),
        ({"title": ""}, ("input/title", "should have at least 1 character")),
        ({"title": "Go on?", "titel": 1}, ("input/titel", 'unknown field "titel"')),
        ({"title": "Go on?", "expires_in": 0}, ("input/expires_in", "should be 1 or more")),
        ({"title": "Go on?", "expires_in": "soon"}, ("input/expires_in", "should be a number")),
        ({"title": "Go on?", "self_approval": "no"}, ("input/self_approval", "should be true or false")),
        ({"title": "Go on?", "approvers": ["ada"]}, ("input/approvers", "should be an object")),
        ({"title": "Go on?", "approvers": {"users": "ada"}}, ("input/approvers/users", "should be a list")),
        ({"title": "Go on?", "payload": "$Secret{gone}"}, ("input/payload", 'unknown secret "gone"')),
    ],
)
def test_approval_that_cannot_be_asked_is_refused_when_it_is_saved(input: JsonObject, problem: tuple[str, str]) -> None:
    assert _check(input) == [problem]


def test_decision_is_what_later_events_may_read() -> None:
    def reading(key: str) -> JsonObject:
        return {"type": "function", "event": "any", "input": {"what": f"$Sequence{{main}}{{boss}}{{{key}}}"}}

    assert _check({"title": "Go on?"}, reading("reason")) == []
    [(place, message)] = _check({"title": "Go on?"}, reading("raisin"))
    assert place.endswith("events[1]/input/what")
    assert "raisin" in message


@pytest.mark.parametrize("kind", ["approval", "wait"])
def test_decisions_and_waits_take_no_cache(kind: str) -> None:
    given: Json = {"title": "Go on?"} if kind == "approval" else {"seconds": 1}

    problems = lines(
        check_feature(feature({"type": kind, "event": "x", "input": given, "cache": "hourly"}), contents())
    )

    assert [place.removeprefix(AT) for place, _, _ in problems] == ["cache"]
    assert problems[0][1].endswith("anew in each run, so it takes no cache")


def test_cached_event_beside_them_is_fine() -> None:
    assert lines(check_feature(feature({**EVENT, "cache": "hourly"}), contents())) == []
