"""Cuts releases: the frozen set of definitions that a feature reaches, and what of it cannot run yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from integrations.definitions.app import App
from integrations.definitions.checking import graphs
from integrations.definitions.checking.uses import Use, events_of, uses_of_feature
from integrations.definitions.contents import Contents
from integrations.definitions.feature import Event, Feature
from integrations.definitions.release import Release, ReleasedFeature, ReleasedFunction
from integrations.errors import DefinitionError, Problem, join_place

_EVENT_WORDS = {
    "notification": "a notification",
    "database_action": "a database action",
}


def cut_release(
    feature: Feature,
    contents: Contents,
    functions: Mapping[str, ReleasedFunction],
    features: Mapping[str, ReleasedFeature] | None = None,
    *,
    version: int,
    javascript: str | None = None,
) -> Release:
    """Return a feature's version with all that it reaches: nothing in it changes when the integration does.

    `functions` and `features` are the published ones by tag; `javascript` is a code feature's own code, compiled.

    Raises:
        DefinitionError: with every place that reaches something that is not there or was never published, and with the
            loop when published features call each other in one.
    """
    features = features or {}
    nested = nested_features(feature, features)
    reached = _reached(feature, nested)
    problems = [*_missing(reached, contents, functions, features), *_loops(feature, nested)]
    if problems:
        raise DefinitionError(problems)
    called = _called(feature, nested)
    return Release(
        integration=contents.tag,
        feature=feature,
        version=version,
        javascript=javascript,
        functions={tag: functions[tag] for tag in _tags(reached, "function")},
        apps={tag: _trimmed(contents.apps[tag], tag, called) for tag in _tags(reached, "connected app")},
        caches={tag: contents.caches[tag] for tag in _tags(reached, "cache")},
        features=nested,
    )


def nested_release(release: Release, tag: str) -> Release:
    """Return the release of a nested feature, cut out of that of the feature that calls it.

    It is what `cut_release` would have given when `release` was cut, whatever was published since.
    """
    nested = release.features[tag]
    return cut_release(
        nested.definition,
        Contents(tag=release.integration, apps=release.apps, caches=release.caches),
        release.functions,
        release.features,
        version=nested.version,
        javascript=nested.javascript,
    )


def nested_features(feature: Feature, features: Mapping[str, ReleasedFeature]) -> dict[str, ReleasedFeature]:
    """Return the features that `feature` calls, and those that they call, by tag."""
    found: dict[str, ReleasedFeature] = {}
    pending = [feature]
    while pending:
        for tag in _features_called_by(pending.pop()):
            if tag in features and tag not in found and tag != feature.tag:
                found[tag] = features[tag]
                pending.append(features[tag].definition)
    return dict(sorted(found.items()))


def unavailable(feature: Feature) -> list[Problem]:
    """Return what this release of the software stores and checks, but cannot run yet."""
    return list(_unavailable(feature, f"features/{feature.tag}"))


def _features_called_by(feature: Feature) -> list[str]:
    return [event.event for _, event in events_of(feature, place="") if event.type == "feature"]


def _reached(feature: Feature, nested: Mapping[str, ReleasedFeature]) -> list[Use]:
    every = (feature, *(each.definition for each in nested.values()))
    return [use for each in every for use in uses_of_feature(each, place=f"features/{each.tag}")]


def _called(feature: Feature, nested: Mapping[str, ReleasedFeature]) -> list[Event]:
    every = (feature, *(each.definition for each in nested.values()))
    return [event for each in every for _, event in events_of(each, place="")]


def _missing(
    reached: list[Use],
    contents: Contents,
    functions: Mapping[str, ReleasedFunction],
    features: Mapping[str, ReleasedFeature],
) -> Iterator[Problem]:
    drafts: dict[str, Mapping[str, object]] = {"function": contents.functions, "feature": contents.features}
    known: dict[str, Mapping[str, object]] = {
        "function": functions,
        "connected app": contents.apps,
        "cache": contents.caches,
        "feature": features,
    }
    for use in reached:
        if use.kind in known and use.tag not in known[use.kind]:
            unpublished = use.tag in drafts.get(use.kind, ())
            message = "has no published version" if unpublished else "is not there"
            yield Problem(use.place, f'{use.kind} "{use.tag}" {message}', "publish it first" if unpublished else "")


def _loops(feature: Feature, nested: Mapping[str, ReleasedFeature]) -> Iterator[Problem]:
    """Give the loops of what is published: the drafts, which are what saving checks, may have been mended since."""
    called = {tag: _features_called_by(each.definition) for tag, each in nested.items()}
    called[feature.tag] = _features_called_by(feature)
    for loop in graphs.search(called, [feature.tag]).loops:
        message = f"the published features call each other in a loop: {loop}"
        yield Problem(f"features/{feature.tag}", message, "publish those that no longer do")


def _tags(reached: list[Use], kind: str) -> list[str]:
    return sorted({use.tag for use in reached if use.kind == kind})


def _trimmed(app: App, access_tag: str, called: list[Event]) -> App:
    """Return the app without environments, webhooks and the actions that nothing calls.

    All its auths stay, and the actions that fetch their tokens: a binding may choose another auth after the release.
    """
    wanted = {event.event for event in called if event.type == "action" and event.app == access_tag}
    wanted |= {auth.action_tag for auth in app.auths if auth.action_tag}
    actions = tuple(action for action in app.actions if action.tag in wanted)
    return app.model_copy(update={"envs": (), "webhooks": (), "actions": actions})


def _unavailable(feature: Feature, place: str) -> Iterator[Problem]:
    if feature.language == "python":
        yield _not_yet(join_place(place, "language"), "python")
    for where, event in events_of(feature, place=place):
        if event.type in _EVENT_WORDS:
            yield _not_yet(join_place(where, "type"), _EVENT_WORDS[event.type])


def _not_yet(place: str, words: str) -> Problem:
    return Problem(place, f"{words} is stored and checked, but this release cannot run it yet")
