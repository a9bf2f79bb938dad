"""Strategies for every definition: values that someone could have described, with references that may lead nowhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from integrations.definitions.app import (
    Action,
    App,
    AppEnvironment,
    Auth,
    Constant,
    Response,
    TokenPlacement,
    Webhook,
)
from integrations.definitions.base import Definition
from integrations.definitions.cache import Cache
from integrations.definitions.connected_app import Binding, BoundAuth, BoundVariable, ConnectedApp
from integrations.definitions.database import Database, DatabaseAction, DatabaseEnvironment
from integrations.definitions.environment import AppEnvironmentBinding, Environment
from integrations.definitions.feature import Condition, Deduplication, Event, Feature, Sequence
from integrations.definitions.field import Field, Output
from integrations.definitions.function import Function
from integrations.definitions.integration import Integration
from integrations.definitions.job import Job, JobTarget, Schedule
from integrations.definitions.notification import ChannelSettings, Message, Notification
from integrations.definitions.rate_limit import RateLimit
from integrations.definitions.release import Release, ReleasedFeature, ReleasedFunction
from integrations.definitions.retry import RetryPolicy, StatusRetry
from integrations.strict_json import MAX_INTEGER, MIN_INTEGER

Draw = Callable[[st.SearchStrategy[Any]], Any]

texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=8)
tags = st.from_regex(r"[A-Za-z][A-Za-z0-9_.:-]{0,5}", fullmatch=True)
slugs = st.from_regex(r"[a-z][a-z0-9]{1,4}", fullmatch=True)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(MIN_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.sampled_from(["$Input{a}", "$Sequence{a}{b}{[0]}", "$Add(1, $Input{b})", "$$", "$Secret{key}"])
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2), max_leaves=4
)
given_json = json_values.filter(lambda value: value is not None)
objects = st.dictionaries(texts, json_values, max_size=2)
seconds = st.floats(0, 1_000)
rate_limits = st.builds(RateLimit, limit=st.integers(1, 10), period=st.floats(1, 100))
moments = st.integers(0, 4_000_000_000).map(lambda second: dt.datetime.fromtimestamp(second, dt.UTC))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def many(strategy: st.SearchStrategy[Any], *, by: str = "", least: int = 0) -> st.SearchStrategy[Any]:
    """Return tuples of up to two, no two of them equal in the attribute `by`."""
    key = (lambda each: getattr(each, by)) if by else None
    return st.lists(strategy, min_size=least, max_size=2, unique_by=key).map(tuple)


fields: st.SearchStrategy[Field] = st.deferred(lambda: _text_fields | _number_fields | _container_fields)
field_lists = many(fields, by="key")
_common: dict[str, Any] = {
    "key": texts.filter(bool),
    "required": st.booleans(),
    "sampleValue": json_values,
    "description": texts,
    "defaultValue": json_values,
    "enum": many(json_values),
}
_text_fields: st.SearchStrategy[Field] = st.builds(
    Field,
    type=st.sampled_from(["string", "numberstring", "uuid"]),
    minLength=st.integers(0, 5),
    maxLength=st.sampled_from([0, 5, 100]),
    decorator=texts,
    decoratorPosition=st.sampled_from(["append", "prepend"]),
    pattern=st.sampled_from(["", "^a", r"\d+"]),
    format=maybe(st.sampled_from(["date", "email", "uuid"])),
    **_common,
)
_number_fields: st.SearchStrategy[Field] = st.builds(
    Field,
    type=st.sampled_from(["number", "float", "double"]),
    minimum=maybe(st.integers(-10, 0) | st.floats(-10, 0)),
    maximum=maybe(st.integers(1, 10) | st.floats(1, 10)),
    **_common,
)
_container_fields: st.SearchStrategy[Field] = st.builds(
    Field,
    type=st.sampled_from(["array", "object", "boolean"]),
    items=maybe(_text_fields),
    fields=field_lists,
    **_common,
)
outputs = st.builds(Output, type=maybe(st.sampled_from(["string", "object", "array"])), output_keys=field_lists)

retry_policies = st.builds(
    RetryPolicy,
    max=maybe(st.integers(0, 100)),
    delay=seconds,
    factor=st.integers(1, 10) | st.floats(1, 10),
    longest=seconds,
    policy=st.dictionaries(
        st.sampled_from(["429", "5xx", "503"]),
        st.builds(StatusRetry, available=st.integers(0, 5), lag=maybe(st.integers(0, 5_000))),
        max_size=2,
    ),
)

languages = st.sampled_from(["js", "ts", "python"])
functions = st.builds(
    Function, tag=tags, name=texts, description=texts, language=languages, function=texts.filter(bool),
    input=field_lists, output=outputs,
)  # fmt: skip

conditions = st.builds(
    Condition,
    type=st.sampled_from(["if", "do_while", "for_each"]),
    subject=given_json,
    decider=st.sampled_from(["value", "length"]),
    decision_type=st.sampled_from(["equals", "less-than", "exists", "in", "matches"]),
    value=json_values,
    max_iterations=st.integers(1, 1_000),
    parallel=st.integers(1, 1_000),
)


def _events(stand_ins: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        Event,
        type=st.sampled_from(["action", "function", "feature", "notification", "database_action", "job", "wait"]),
        event=tags,
        name=maybe(tags),
        app=tags,
        database=tags,
        input=objects,
        condition=maybe(conditions),
        retries=maybe(st.integers(0, 100)),
        retry=maybe(retry_policies),
        allow_fail=st.booleans(),
        timeout=maybe(seconds),
        cache=maybe(tags),
        fallback=stand_ins,
        rollback=stand_ins,
        rollback_input=maybe(objects),
    )


events = _events(maybe(_events(st.none())))
sequences = st.builds(Sequence, sequence_tag=tags, parents=many(tags), events=many(events, least=1))
_feature: dict[str, Any] = {
    "tag": tags,
    "name": texts,
    "description": texts,
    "input": field_lists,
    "store_event_results": st.booleans(),
    "timeout": maybe(seconds),
    "concurrency": maybe(st.integers(1, 10)),
    "rate_limit": maybe(rate_limits),
    "deduplicate": maybe(st.builds(Deduplication, key=given_json, window=st.floats(1, 100))),
}
features = st.builds(Feature, sequence=many(sequences, least=1), output=json_values, **_feature) | st.builds(
    Feature,
    language=languages,
    function=texts.filter(bool),
    output=outputs.map(lambda output: output.to_compact_dict()),
    **_feature,
)

urls = st.sampled_from(["https://api.example.com", "http://localhost:8000/v1"])
request_types = st.sampled_from(["json", "form", "multipart", "text", "xml"])
bodies = field_lists | st.just({"type": "object", "properties": {"a": {"type": "integer"}}})
actions = st.builds(
    Action,
    tag=tags,
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    resource=st.sampled_from(["/orders", "/orders/:id", "/orders/{id}"]),
    request_type=maybe(request_types),
    params=field_lists,
    query=field_lists,
    headers=field_lists,
    body=bodies,
    responses=many(
        st.builds(
            Response,
            status_code=st.integers(100, 599),
            success=st.booleans(),
            description=texts,
            sample=json_values,
            body=bodies,
        )
    ),
    pagination=maybe(objects),
    idempotent=maybe(st.booleans()),
)
auths = st.builds(
    Auth,
    tag=tags,
    setup_type=st.sampled_from(["token_access", "basic", "api_key", "oauth2_client_credentials"]),
    tokens=st.builds(TokenPlacement, headers=field_lists, query=field_lists),
    expiry=maybe(st.integers(1, 3600)),
    period=st.sampled_from(["secs", "hours", "years"]),
    placement=st.sampled_from(["header", "query"]),
    token_url=urls,
    scopes=many(texts),
)
apps = st.builds(
    App,
    app_name=texts.filter(bool),
    tag=tags,
    description=texts,
    status=st.sampled_from(["draft", "private", "public"]),
    envs=many(
        st.builds(
            AppEnvironment,
            slug=tags,
            env_name=texts,
            base_url=urls,
            request_type=request_types,
            active=st.booleans(),
            allowed_hosts=many(st.just("*.example.com")),
            rate_limit=maybe(rate_limits),
        ),
        by="slug",
    ),
    actions=many(actions, by="tag"),
    auths=many(auths, by="tag"),
    variables=field_lists,
    constants=many(st.builds(Constant, key=texts.filter(bool), value=given_json, description=texts), by="key"),
    retries=retry_policies,
    webhooks=many(st.builds(Webhook, tag=tags, sample=json_values), by="tag"),
)

bound: dict[str, Any] = {
    "app_env_slug": tags,
    "variables": many(st.builds(BoundVariable, key=texts, value=given_json)),
    "auth": st.builds(BoundAuth, auth_tag=maybe(tags), data=json_values),
}
connected_apps = st.builds(
    ConnectedApp,
    access_tag=tags,
    app_tag=maybe(tags),
    envs=many(st.builds(Binding, integration_env_slug=slugs, **bound), by="integration_env_slug"),
)
environments = st.builds(
    Environment,
    env_name=st.sampled_from(["Development", "Production"]),
    slug=slugs,
    description=texts,
    active=st.booleans(),
    auth=objects,
    envs=many(st.builds(AppEnvironmentBinding, access_tag=tags, **bound)),
)

integrations = st.builds(
    Integration,
    name=st.sampled_from(["Orders", "Order sync #2"]),
    description=texts,
    unique=st.booleans(),
    tag=maybe(tags),
)
caches = st.builds(
    Cache,
    tag=tags,
    sequence_tag=tags,
    event_tag=tags,
    expiry=st.integers(1, 10_000),
    period=st.sampled_from(["secs", "months", "years"]),
)
notifications = st.builds(
    Notification,
    tag=tags,
    name=texts,
    envs=many(st.builds(ChannelSettings, slug=slugs, email=objects, push=objects)),
    messages=many(
        st.builds(
            Message,
            tag=tags,
            channel=st.sampled_from(["email", "callback", "sms", "push"]),
            subject=texts,
            body=given_json,
            input=field_lists,
        )
    ),
)
databases = st.builds(
    Database,
    tag=tags,
    type=st.sampled_from(["postgresql", "mysql", "sqlite"]),
    envs=many(st.builds(DatabaseEnvironment, slug=slugs, connection_url=texts)),
    actions=many(
        st.builds(
            DatabaseAction,
            tag=tags,
            operation=st.sampled_from(["query", "insert", "raw"]),
            sql=texts.filter(bool),
            template=objects,
            input=field_lists,
            read_only=st.booleans(),
            row_limit=st.integers(1, 100),
            timeout=seconds,
        )
    ),
)
jobs = st.builds(
    Job,
    tag=tags,
    target=maybe(st.builds(JobTarget, type=st.sampled_from(["feature", "action", "function"]), event=tags, app=tags)),
    env=maybe(slugs),
    input=objects,
    schedule=maybe(
        st.builds(Schedule, cron=st.just("0 8 * * *"), start_at=maybe(moments), limit=maybe(st.integers(1, 9)))
        | st.builds(Schedule, every=st.integers(1, 9_999), tz=st.sampled_from(["UTC", "Europe/Berlin"]))
    ),
    retries=st.integers(0, 100),
    retry=maybe(retry_policies),
    overlap=st.sampled_from(["skip", "queue", "allow"]),
    missed=st.sampled_from(["skip", "run_once", "run_all"]),
    paused=st.booleans(),
    priority=st.integers(-100, 100),
    timeout=maybe(seconds),
)
releases = st.builds(
    Release,
    integration=tags,
    feature=features,
    version=st.integers(1, 9),
    javascript=maybe(texts),
    functions=st.dictionaries(
        tags, st.builds(ReleasedFunction, definition=functions, javascript=texts, version=st.integers(1, 9)), max_size=1
    ),
    apps=st.dictionaries(tags, apps, max_size=1),
    caches=st.dictionaries(tags, caches, max_size=1),
    features=st.dictionaries(
        tags,
        st.builds(ReleasedFeature, definition=features, version=st.integers(1, 9), javascript=maybe(texts)),
        max_size=1,
    ),
)

BY_NAME: dict[str, st.SearchStrategy[Definition]] = {
    "app": apps,
    "cache": caches,
    "connected_app": connected_apps,
    "database": databases,
    "environment": environments,
    "feature": features,
    "field": fields,
    "function": functions,
    "integration": integrations,
    "job": jobs,
    "notification": notifications,
    "release": releases,
    "retry": retry_policies,
}
