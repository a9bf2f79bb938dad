"""Which features and jobs start each other: in a loop, their runs would never come to an end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from integrations.definitions.checking import graphs, uses
from integrations.definitions.contents import Contents
from integrations.definitions.feature import Feature
from integrations.definitions.job import Job
from integrations.errors import Problem, join_place

_KINDS = ("feature", "job")
_HINT = "let one of them start something else"


def loops_of_feature(feature: Feature, contents: Contents, place: str) -> Iterator[Problem]:
    """Give the loops that a feature among `contents` leads into, at the event that does."""
    places = {
        _name(event.type, event.event): where
        for where, event in uses.events_of(feature, place=place)
        if event.type in _KINDS
    }
    if not places:
        return
    for loop in graphs.search(_started(contents), [_name("feature", feature.tag)]).loops:
        yield Problem(join_place(places[loop.path[1]], "event"), f"would start each other in a loop: {loop}", _HINT)


def loops_of_job(job: Job, contents: Contents, place: str) -> Iterator[Problem]:
    """Give the loop that a job is in."""
    own, among = _name("job", job.tag), dataclasses.replace(contents, jobs={**contents.jobs, job.tag: job})
    for loop in graphs.search(_started(among), [own]).loops:
        if own in loop.members:
            yield Problem(place, f"would start each other in a loop: {loop}", _HINT)


def _started(contents: Contents) -> Mapping[str, list[str]]:
    """Return what each feature and each job starts."""
    features = {
        _name("feature", tag): [_name(event.type, event.event) for _, event in uses.events_of(each, place="")]
        for tag, each in contents.features.items()
    }
    targets = {tag: each.own_target for tag, each in contents.jobs.items()}
    return features | {_name("job", tag): [_name(target.type, target.event)] for tag, target in targets.items()}


def _name(kind: str, tag: str) -> str:
    return f"{kind} {tag}"
