from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.feature import Feature
from integrations.definitions.release import Release, ReleasedFeature, ReleasedFunction
from integrations.definitions.releasing import cut_release, nested_release, unavailable
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
                    {"type": "feature", "event": "code"},
                ],
            }
        ],
    }
)
_CODE = Feature.parse({"tag": "code", "language": "js", "function": "x"})
_PUBLISHED = {
    "inner": ReleasedFeature(definition=_NESTED, version=4),
    "code": ReleasedFeature(definition=_CODE, version=2, javascript="compiled code"),
    "lonely": ReleasedFeature(definition=_CODE.model_copy(update={"tag": "lonely"}), version=1),
}
_CALL_INNER: JsonObject = {"type": "feature", "event": "inner"}


def _cut(whole: Feature, **changes: Any) -> Release:
    return cut_release(whole, contents(**changes), _FUNCTIONS, _PUBLISHED, version=7)


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

    release = _cut(whole)

    assert list(release.functions) == ["any", "double", "list"]
    assert release.features == {"code": _PUBLISHED["code"], "inner": _PUBLISHED["inner"]}
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


def test_release_of_a_nested_feature_is_cut_out_as_if_it_had_been_cut_itself() -> None:
    above = _cut(feature(EVENT, order(), _CALL_INNER))

    release = nested_release(above, "inner")

    assert release == cut_release(_NESTED, contents(), _FUNCTIONS, _PUBLISHED, version=4)
    assert (list(release.functions), list(release.features)) == (["any"], ["code"])
    assert [action.tag for action in release.apps["shop"].actions] == ["login", "report"]
    assert nested_release(release, "code") == nested_release(above, "code")
    assert nested_release(release, "code").javascript == "compiled code"


def test_release_of_a_nested_feature_that_was_never_published_names_the_place() -> None:
    with pytest.raises(DefinitionError) as caught:
        cut_release(feature(_CALL_INNER), contents(features={"inner": _NESTED}), _FUNCTIONS, version=1)

    message = 'feature "inner" has no published version'
    assert lines(list(caught.value.problems)) == [
        ("features/checkout/sequence[0]/events[0]/event", message, "publish it first")
    ]


def test_release_of_published_features_that_call_each_other_is_refused_with_the_loop() -> None:
    back = Feature.parse(
        {"tag": "inner", "sequence": [{"sequence_tag": "s", "events": [{"type": "feature", "event": "checkout"}]}]}
    )
    published = {
        "inner": ReleasedFeature(definition=back, version=1),
        "checkout": ReleasedFeature(definition=feature(_CALL_INNER), version=1),
    }

    with pytest.raises(DefinitionError) as caught:
        cut_release(feature(_CALL_INNER), contents(), {}, published, version=1)

    message = "the published features call each other in a loop: checkout → inner → checkout"
    assert lines(list(caught.value.problems)) == [("features/checkout", message, "publish those that no longer do")]


def test_release_takes_caches() -> None:
    assert list(_cut(feature({**EVENT, "cache": "hourly"})).caches) == ["hourly"]


def test_release_of_code_holds_its_compiled_source() -> None:
    code = Feature.parse({"tag": "code", "language": "js", "function": "x"})

    release = cut_release(code, contents(), {}, version=1, javascript="compiled")

    assert (release.javascript, release.functions) == ("compiled", {})


def test_release_comes_back_from_its_own_json_and_equal_ones_share_a_digest() -> None:
    release = _cut(feature(EVENT, order(), _CALL_INNER))

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
        ({"type": "notification", "event": "x"}, "type", "a notification"),
        ({"type": "database_action", "database": "d", "event": "x"}, "type", "a database action"),
        ({**EVENT, "fallback": {"type": "notification", "event": "x"}}, "fallback/type", "a notification"),
        ({**EVENT, "rollback": {"type": "notification", "event": "x"}}, "rollback/type", "a notification"),
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


def test_limits_of_a_feature_can_run() -> None:
    limits: JsonObject = {
        "concurrency": 1,
        "rate_limit": {"limit": 1, "period": 1},
        "deduplicate": {"key": "$Input{id}", "window": 1},
    }

    assert unavailable(feature(EVENT).changed(limits)) == []


def test_python_is_not_run_yet_and_javascript_is() -> None:
    code: JsonObject = {"tag": "code", "language": "python", "function": "x"}

    assert [problem.place for problem in unavailable(Feature.parse(code))] == ["features/code/language"]
    assert unavailable(Feature.parse({**code, "language": "ts"})) == []


def test_loops_waits_nested_features_fallbacks_and_rollbacks_are_run() -> None:
    whole = feature(
        {**_CALL_INNER, "cache": "hourly"},
        {"type": "wait", "event": "x", "input": {"seconds": 1}},
        {"type": "approval", "event": "y", "input": {"title": "Go on?"}},
        {**EVENT, "condition": {"type": "do_while"}},
        {**EVENT, "name": "b", "condition": {"type": "for_each", "subject": "$Input{items}"}},
        {**EVENT, "name": "c", "fallback": EVENT, "rollback": EVENT, "rollback_input": {}},
    )

    assert unavailable(whole) == []
