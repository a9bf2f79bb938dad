from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.feature import Feature
from integrations.definitions.release import Release, ReleasedFunction
from integrations.definitions.releasing import cut_release, unavailable
from integrations.errors import DefinitionError
from integrations.types import JsonObject
from tests.definitions.checking.integration import EVENT, contents, feature, lines, order

_FUNCTIONS = {
    tag: ReleasedFunction(definition=function, javascript=f"compiled {tag}", version=3)
    for tag, function in contents().functions.items()
}
_NESTED = Feature.parse(
    {
        "tag": "inner",
        "sequence": [
            {
                "sequence_tag": "s",
                "events": [
                    {"type": "function", "event": "any"},
                    {"type": "action", "app": "shop", "event": "report"},
                    {"type": "feature", "event": "inner"},
                ],
            }
        ],
    }
)


def _cut(whole: Feature, **changes: Any) -> Release:
    return cut_release(whole, contents(**changes), _FUNCTIONS, version=7)


def test_release_holds_only_what_the_feature_reaches() -> None:
    release = _cut(feature(EVENT))

    assert (release.integration, release.version, release.javascript) == ("demo", 7, None)
    assert release.feature == feature(EVENT)
    assert (list(release.functions), release.apps, release.caches, release.features) == (["double"], {}, {}, {})
    assert release.functions["double"].javascript == "compiled double"


def test_release_takes_functions_from_mappings_fallbacks_and_nested_features() -> None:
    call: JsonObject = {"function": "list", "values": []}
    whole = feature(
        {**EVENT, "input": {"number": call}},
        {"type": "feature", "event": "inner", "fallback": {"type": "function", "event": "double"}},
    )

    release = _cut(whole, features={"inner": _NESTED})

    assert list(release.functions) == ["any", "double", "list"]
    assert release.features == {"inner": _NESTED}
    assert [action.tag for action in release.apps["shop"].actions] == ["login", "report"]


def test_release_trims_apps_to_what_may_be_called() -> None:
    shop = _cut(feature(order(cache="hourly"))).apps["shop"]

    assert [action.tag for action in shop.actions] == ["login", "order"]  # login fetches the token of an auth
    assert [auth.tag for auth in shop.auths] == ["user", "key"]
    assert shop.envs == ()
    assert (shop.variables, shop.constants, shop.retries) == (
        contents().apps["shop"].variables,
        contents().apps["shop"].constants,
        contents().apps["shop"].retries,
    )


def test_release_takes_an_app_that_only_a_reference_reads() -> None:
    whole = feature({**EVENT, "input": {"number": "$Constant{shop}{version}"}})

    assert list(_cut(whole).apps) == ["shop"]


def test_release_takes_caches() -> None:
    assert list(_cut(feature({**EVENT, "cache": "hourly"})).caches) == ["hourly"]


def test_release_of_code_holds_its_compiled_source() -> None:
    code = Feature.parse({"tag": "code", "language": "js", "function": "x"})

    release = cut_release(code, contents(), {}, version=1, javascript="compiled")

    assert (release.javascript, release.functions) == ("compiled", {})


def test_release_comes_back_from_its_own_json_and_equal_ones_share_a_digest() -> None:
    release = _cut(feature(EVENT, order(), {"type": "feature", "event": "inner"}), features={"inner": _NESTED})

    again = Release.parse(release.to_compact_dict())

    assert again == release
    assert again.digest == release.digest
    assert release.changed({"version": 8}).digest != release.digest


def test_release_of_what_is_not_there_or_never_published_names_every_place() -> None:
    whole = feature(EVENT, order(app="shpo"), {**EVENT, "name": "again", "cache": "hurly"})

    with pytest.raises(DefinitionError) as caught:
        cut_release(whole, contents(), {}, version=1)

    assert lines(list(caught.value.problems)) == [
        (
            "features/checkout/sequence[0]/events[0]/event",
            'function "double" has no published version',
            "publish it first",
        ),
        ("features/checkout/sequence[0]/events[1]/app", 'connected app "shpo" is not there', ""),
        (
            "features/checkout/sequence[0]/events[2]/event",
            'function "double" has no published version',
            "publish it first",
        ),
        ("features/checkout/sequence[0]/events[2]/cache", 'cache "hurly" is not there', ""),
    ]


@pytest.mark.parametrize(
    ("event", "place", "words"),
    [
        ({"type": "feature", "event": "x"}, "type", "a nested feature"),
        ({"type": "notification", "event": "x"}, "type", "a notification"),
        ({"type": "database_action", "database": "d", "event": "x"}, "type", "a database action"),
        ({"type": "job", "event": "x"}, "type", "a job as an event"),
        ({"type": "approval", "event": "x"}, "type", "an approval"),
        ({"type": "wait", "event": "x"}, "type", "a wait"),
        ({**EVENT, "cache": "hourly"}, "cache", "a cache"),
        ({**EVENT, "fallback": {"type": "wait", "event": "x"}}, "fallback/type", "a wait"),
        ({**EVENT, "rollback": {"type": "job", "event": "x"}}, "rollback/type", "a job as an event"),
    ],
)
def test_event_that_nothing_runs_yet_is_named_with_its_place(event: JsonObject, place: str, words: str) -> None:
    assert lines(unavailable(feature(event))) == [
        (
            f"features/checkout/sequence[0]/events[0]/{place}",
            f"{words} is stored and checked, but this release cannot run it yet",
            "",
        )
    ]


def test_feature_that_asks_for_what_nothing_does_yet_is_told_everything_at_once() -> None:
    whole = feature(
        {"type": "wait", "event": "x"},
        concurrency=1,
        rate_limit={"limit": 1, "period": 1},
        deduplicate={"key": 1, "window": 1},
    )

    assert [problem.place.removeprefix("features/checkout/") for problem in unavailable(whole)] == [
        "concurrency",
        "rate_limit",
        "deduplicate",
        "sequence[0]/events[0]/type",
    ]


def test_python_is_not_run_yet_and_javascript_is() -> None:
    code: JsonObject = {"tag": "code", "language": "python", "function": "x"}

    assert [problem.place for problem in unavailable(Feature.parse(code))] == ["features/code/language"]
    assert unavailable(Feature.parse({**code, "language": "ts"})) == []


def test_loops_fallbacks_and_rollbacks_are_run() -> None:
    whole = feature(
        {**EVENT, "condition": {"type": "do_while"}},
        {**EVENT, "name": "b", "condition": {"type": "for_each", "subject": "$Input{items}"}},
        {**EVENT, "name": "c", "fallback": EVENT, "rollback": EVENT, "rollback_input": {}},
    )

    assert unavailable(whole) == []
