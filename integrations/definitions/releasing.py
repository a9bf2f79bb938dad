"""Cuts releases: the frozen set of definitions that a feature reaches, and what of it cannot run yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from integrations.definitions.app import App
from integrations.definitions.checking.uses import Use, events_of, uses_of_feature
from integrations.definitions.contents import Contents
from integrations.definitions.feature import Event, Feature
from integrations.definitions.release import Release, ReleasedFunction
from integrations.errors import DefinitionError, Problem, join_place

_EVENT_WORDS = {
    "feature": "a nested feature",
    "notification": "a notification",
    "database_action": "a database action",
    "job": "a job as an event",
    "approval": "an approval",
    "wait": "a wait",
}
_FEATURE_WORDS = {
    "concurrency": "a limit on runs at the same time",
    "rate_limit": "a rate limit",
    "deduplicate": "deduplication",
}


def cut_release(
    feature: Feature,
    contents: Contents,
    functions: Mapping[str, ReleasedFunction],
    *,
    version: int,
    javascript: str | None = None,
) -> Release:
    """Return a feature's version with all that it reaches: nothing in it changes when the integration does.

    `functions` are the published ones by tag; `javascript` is a code feature's own code, compiled.

    Raises:
        DefinitionError: with every place that reaches something that is not there, or a function never published.
    """
    nested = _nested_features(feature, contents)
    reached = [
        use for each in (feature, *nested.values()) for use in uses_of_feature(each, place=f"features/{each.tag}")
    ]
    called = [event for each in (feature, *nested.values()) for _, event in events_of(each, place="")]
    problems = list(_missing(reached, contents, functions))
    if problems:
        raise DefinitionError(problems)
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


def unavailable(feature: Feature) -> list[Problem]:
    """Return what this release of the software stores and checks, but cannot run yet."""
    return list(_unavailable(feature, f"features/{feature.tag}"))


def _nested_features(feature: Feature, contents: Contents) -> dict[str, Feature]:
    """Return the features that `feature` calls, and those that they call, by tag."""
    found: dict[str, Feature] = {}
    pending = [feature]
    while pending:
        for _, event in events_of(pending.pop(), place=""):
            nested = contents.features.get(event.event) if event.type == "feature" else None
            if nested is not None and nested.tag not in found and nested.tag != feature.tag:
                found[nested.tag] = nested
                pending.append(nested)
    return dict(sorted(found.items()))


def _missing(reached: list[Use], contents: Contents, functions: Mapping[str, ReleasedFunction]) -> Iterator[Problem]:
    known: dict[str, Mapping[str, object]] = {
        "function": functions,
        "connected app": contents.apps,
        "cache": contents.caches,
        "feature": contents.features,
    }
    for use in reached:
        if use.kind in known and use.tag not in known[use.kind]:
            unpublished = use.kind == "function" and use.tag in contents.functions
            message = "has no published version" if unpublished else "is not there"
            yield Problem(use.place, f'{use.kind} "{use.tag}" {message}', "publish it first" if unpublished else "")


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
    for name, words in _FEATURE_WORDS.items():
        if getattr(feature, name) is not None:
            yield _not_yet(join_place(place, name), words)
    for where, event in events_of(feature, place=place):
        if event.type in _EVENT_WORDS:
            yield _not_yet(join_place(where, "type"), _EVENT_WORDS[event.type])
        if event.cache is not None:
            yield _not_yet(join_place(where, "cache"), "a cache")


def _not_yet(place: str, words: str) -> Problem:
    return Problem(place, f"{words} is stored and checked, but this release cannot run it yet")
