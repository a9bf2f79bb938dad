"""Checks the other definitions: apps, functions, jobs, caches, notifications and databases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from integrations.definitions import header_names
from integrations.definitions.app import Action, App, Auth, Response
from integrations.definitions.base import nearest
from integrations.definitions.cache import Cache
from integrations.definitions.checking import starts
from integrations.definitions.checking.fitting import check_node, parse_readable
from integrations.definitions.checking.targets import Call, action_of, check_call, input_fields
from integrations.definitions.checking.uses import events_in
from integrations.definitions.contents import Contents
from integrations.definitions.database import Database
from integrations.definitions.feature import Feature
from integrations.definitions.field import Field
from integrations.definitions.function import Function
from integrations.definitions.job import Job
from integrations.definitions.notification import Notification
from integrations.definitions.references import Scope
from integrations.definitions.resources import parse_resource, unfilled
from integrations.definitions.schedules import check_schedule
from integrations.definitions.values import (
    check_fields,
    check_schema_itself,
    check_values,
    complete_action_input,
    place_flat_input,
)
from integrations.definitions.values.placement import supplied_by_auths, unnamed_params
from integrations.errors import Problem, join_place
from integrations.types import Json


def check_app(app: App, *, place: str | None = None) -> list[Problem]:
    """Return what is wrong with an app's fields, schemas and resources; places start with `apps/<tag>`."""
    place = place if place is not None else f"apps/{app.tag}"
    problems = check_fields(app.variables, place=join_place(place, "variables"))
    for index, env in enumerate(app.envs):
        problems += _url_problems(env.base_url, join_place(place, f"envs[{index}]/base_url"))
    for index, action in enumerate(app.actions):
        problems += _action_problems(action, join_place(place, f"actions[{index}]"))
    for index, auth in enumerate(app.auths):
        problems += _auth_problems(auth, app, join_place(place, f"auths[{index}]"))
    return problems


def check_function(function: Function, *, place: str | None = None) -> list[Problem]:
    """Return what is wrong with a function's input and output; places start with `functions/<tag>`."""
    place = place if place is not None else f"functions/{function.tag}"
    return [
        *check_fields(function.input, place=join_place(place, "input")),
        *check_fields(function.output.output_keys, place=join_place(place, "output/output_keys")),
    ]


def check_job(job: Job, contents: Contents, *, place: str | None = None) -> list[Problem]:
    """Return what is wrong with a job; places start with `jobs/<tag>`. One with nothing but a tag is fine."""
    place = place if place is not None else f"jobs/{job.tag}"
    return list(_job_problems(job, contents, place))


def check_cache(cache: Cache, contents: Contents, *, place: str | None = None) -> list[Problem]:
    """Return the events that use this cache but are not its own; places start with `caches/<tag>`.

    A cache may be saved before the feature that uses it.
    """
    place = place if place is not None else f"caches/{cache.tag}"
    message = f'is event "{cache.event_tag}" of sequence "{cache.sequence_tag}", but {{user}} uses this cache'
    return [
        Problem(join_place(place, "event_tag"), message.format(user=user), "make another cache for that event")
        for feature in contents.features.values()
        for user in _other_users(cache, feature)
    ]


def check_notification(notification: Notification, contents: Contents, *, place: str | None = None) -> list[Problem]:
    """Return what is wrong with a notification's messages; places start with `notifications/<tag>`."""
    place = place if place is not None else f"notifications/{notification.tag}"
    problems = _slug_problems([each.slug for each in notification.envs], contents, join_place(place, "envs"))
    tags = [message.tag for message in notification.messages]
    problems += _duplicates(tags, "message", join_place(place, "messages"))
    for index, message in enumerate(notification.messages):
        where = join_place(place, f"messages[{index}]")
        problems += check_fields(message.input, place=join_place(where, "input"))
        for name, mapping in (("subject", message.subject), ("body", message.body)):
            problems += _own_input_problems(mapping, message.input, contents, join_place(where, name))
    return problems


def check_database(database: Database, contents: Contents, *, place: str | None = None) -> list[Problem]:
    """Return what is wrong with a database's environments and actions; places start with `databases/<tag>`."""
    place = place if place is not None else f"databases/{database.tag}"
    problems = _slug_problems([each.slug for each in database.envs], contents, join_place(place, "envs"))
    tags = [action.tag for action in database.actions]
    problems += _duplicates(tags, "action", join_place(place, "actions"))
    for index, action in enumerate(database.actions):
        where = join_place(place, f"actions[{index}]")
        problems += check_fields(action.input, place=join_place(where, "input"))
        problems += _own_input_problems(action.template, action.input, contents, join_place(where, "template"))
    return problems


def _action_problems(action: Action, place: str) -> Iterator[Problem]:
    for section in ("params", "query", "headers"):
        yield from check_fields(getattr(action, section), place=join_place(place, section))
    yield from _header_problems((field.key for field in action.headers), join_place(place, "headers"))
    yield from _body_problems(action, join_place(place, "body"))
    for index, response in enumerate(action.responses):
        yield from _body_problems(response, join_place(place, f"responses[{index}]/body"))
    yield from _resource_problems(action, place)


def _resource_problems(action: Action, place: str) -> Iterator[Problem]:
    """What a resource names is filled, and what is declared for it has its place there."""
    for message, hint in unfilled(action.resource):
        yield Problem(join_place(place, "resource"), message, hint)
    if not action.params:
        return
    declared = [field.key for field in action.params]
    unknown = sorted({*parse_resource(action.resource).names} - {*declared})
    for name in unknown:
        yield Problem(join_place(place, "resource"), f'"{name}" is no field of params', nearest(name, declared))
    if not unknown:  # or else it is most likely the same mistake
        yield from unnamed_params(action, declared, place=join_place(place, "params"))


def _header_problems(names: Iterable[str], place: str, *, key: str = "") -> Iterator[Problem]:
    for name in names:
        if reason := header_names.refusal(name):
            yield Problem(join_place(place, key or name), reason)


def _url_problems(url: str | None, place: str) -> Iterator[Problem]:
    if url is not None and re.search(r"[{}]|/:[A-Za-z_]", url):
        hint = "give each address an environment of its own, or name params in the resources"
        yield Problem(place, "placeholders are not filled here", hint)


def _auth_problems(auth: Auth, app: App, place: str) -> Iterator[Problem]:
    for section in ("params", "query", "headers", "body"):
        yield from check_fields(getattr(auth.tokens, section), place=join_place(place, f"tokens/{section}"))
    yield from _header_problems((field.key for field in auth.tokens.headers), join_place(place, "tokens/headers"))
    if auth.setup_type == "api_key" and auth.placement == "header":
        yield from _header_problems([auth.key_name], place, key="key_name")
    yield from _url_problems(auth.token_url, join_place(place, "token_url"))
    if auth.action_tag is not None and app.action(auth.action_tag) is None:
        hint = nearest(auth.action_tag, (action.tag for action in app.actions)) or "the app has no actions yet"
        yield Problem(join_place(place, "action_tag"), f'unknown action "{auth.action_tag}"', hint)


def _body_problems(owner: Action | Response, place: str) -> list[Problem]:
    if isinstance(owner.body, dict):
        return check_schema_itself(owner.body, place=place)
    return check_fields(owner.body, place=place)


def _other_users(cache: Cache, feature: Feature) -> Iterator[str]:
    """Give the places of events that use the cache, though it names another event."""
    for index, sequence in enumerate(feature.sequence):
        for place, event in events_in(sequence, place=f"features/{feature.tag}/sequence[{index}]"):
            is_own = (sequence.sequence_tag, event.tag) == (cache.sequence_tag, cache.event_tag)
            if event.cache == cache.tag and not is_own:
                yield place


def _job_problems(job: Job, contents: Contents, place: str) -> Iterator[Problem]:
    if job.env is not None and job.env not in contents.environments:
        hint = nearest(job.env, contents.environments) or "create the environment first"
        yield Problem(join_place(place, "env"), f'unknown environment "{job.env}"', hint)
    elif job.env is not None and not contents.environments[job.env].active:
        yield Problem(join_place(place, "env"), f'environment "{job.env}" is inactive', "activate it, or name another")
    if job.schedule is not None:
        if job.env is None:
            yield Problem(join_place(place, "env"), '"env" is required for a job with a schedule')
        yield from check_schedule(job.schedule, place=join_place(place, "schedule"))
    if job.timeout == 0:
        yield Problem(join_place(place, "timeout"), "should be more than 0", "leave it out for no limit")
    yield from starts.loops_of_job(job, contents, join_place(place, "target/event"))
    target = job.own_target
    call = Call(type=target.type, event=target.event, app=target.app, database=target.database)
    if job.target is not None or job.schedule is not None:
        found = list(check_call(call, contents, place=join_place(place, "target")))
        yield from found
        if not found:
            yield from _job_input(job, call, contents, join_place(place, "input"))


def _job_input(job: Job, call: Call, contents: Contents, place: str) -> Iterator[Problem]:
    if not job.input and job.schedule is None:  # the input may be given when the job is run by hand
        return
    if call.type == "job":  # given an input, it takes that in place of its own
        return
    if (found := action_of(call, contents)) is not None:
        sections, problems = place_flat_input(found[1], dict(job.input), place=place)
        supplied = supplied_by_auths(found[0])
        yield from problems or complete_action_input(found[1], sections, place=place, supplied=supplied)[1]
    elif fields := input_fields(call, contents):
        yield from check_values(fields, dict(job.input), place=place)[1]


def _own_input_problems(mapping: Json, fields: Iterable[Field], contents: Contents, place: str) -> Iterator[Problem]:
    """Check a mapping that sees nothing but an input of its own, and secrets."""
    scope = Scope(input_fields={field.key: field for field in fields}, secrets=contents.secrets.keys())
    node, problems = parse_readable(mapping, place=place)
    yield from problems
    yield from check_node(None, node, scope, place=place)


def _slug_problems(slugs: list[str], contents: Contents, place: str) -> list[Problem]:
    problems = _duplicates(slugs, "environment", place)
    for index, slug in enumerate(slugs):
        if slug not in contents.environments:
            hint = nearest(slug, contents.environments) or "create the environment first"
            problems.append(Problem(f"{place}[{index}]/slug", f'unknown environment "{slug}"', hint))
    return problems


def _duplicates(tags: list[str], noun: str, place: str) -> list[Problem]:
    return [
        Problem(f"{place}[{index}]", f'the {noun} "{tag}" appears twice')
        for index, tag in enumerate(tags)
        if tag in tags[:index]
    ]
