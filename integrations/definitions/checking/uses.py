"""What a definition refers to, place by place: for "in use" refusals, missing bindings and releases."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from integrations.definitions.checking.fitting import parse_readable
from integrations.definitions.connected_app import ConnectedApp
from integrations.definitions.contents import Contents
from integrations.definitions.database import Database
from integrations.definitions.feature import Event, Feature, Sequence
from integrations.definitions.job import Job
from integrations.definitions.notification import Notification
from integrations.definitions.references import FunctionCall, references_of
from integrations.definitions.secrecy import leaves, secret_named_by
from integrations.errors import join_place
from integrations.types import Json

#: The kind of definition that an event's `event` names; an action's is its app's own.
TARGET_KINDS = {
    "function": "function",
    "feature": "feature",
    "notification": "notification",
    "job": "job",
}


@dataclass(frozen=True, slots=True)
class Use:
    place: str
    #: `function`, `connected app`, `secret`, …
    kind: str
    tag: str
    #: False for what only reads a constant of an app, which is the same in every environment.
    needs_binding: bool = True
    #: Slug of the only environment in which this refers to it; "" is any.
    environment: str = ""


def references_to(contents: Contents, kind: str, tag: str) -> list[str]:
    """Return the places in an integration that refer to the definition of that kind and tag.

    The bindings of a connected app are its own and its environment's; they hold neither in place. Their data is told
    of once, from the connected app's side.
    """
    return [use.place for use in _uses_in(contents) if use.kind == kind and use.tag == tag]


def places_reading_secret(contents: Contents, key: str, *, environments: Collection[str]) -> list[str]:
    """Return the places in an integration that read a secret in one of these environments."""
    uses = (use for use in _uses_in(contents) if (use.kind, use.tag) == ("secret", key))
    return [use.place for use in uses if not use.environment or use.environment in environments]


def uses_of_feature(feature: Feature, *, place: str) -> Iterator[Use]:
    for where, event in events_of(feature, place=place):
        yield from _uses_of_event(event, where)
    if not feature.is_code:
        yield from uses_of_mapping(feature.output, place=join_place(place, "output"))
    if feature.deduplicate is not None:
        yield from uses_of_mapping(feature.deduplicate.key, place=join_place(place, "deduplicate/key"))


def events_of(feature: Feature, *, place: str) -> Iterator[tuple[str, Event]]:
    """Give every event of a feature with its place, fallbacks and rollbacks behind the event that they belong to."""
    for index, sequence in enumerate(feature.sequence):
        yield from events_in(sequence, place=join_place(place, f"sequence[{index}]"))


def events_in(sequence: Sequence, *, place: str) -> Iterator[tuple[str, Event]]:
    for index, event in enumerate(sequence.events):
        yield from _with_stand_ins(event, f"{place}/events[{index}]")


def uses_of_mapping(mapping: Json, *, place: str) -> Iterator[Use]:
    """Give what a mapping's references and function calls name."""
    template, _ = parse_readable(mapping, place=place)
    for where, pointer in references_of(template, place):
        if isinstance(pointer, FunctionCall):
            yield Use(where, "function", pointer.tag)
        elif pointer.root in ("Variable", "Constant") and pointer.path:
            yield Use(where, "connected app", str(pointer.path[0]), needs_binding=pointer.root == "Variable")
        elif pointer.root == "Secret" and pointer.path:
            yield Use(where, "secret", str(pointer.path[0]))


def notification_of(event_tag: str) -> str:
    """Return the notification in `notification:message`."""
    return event_tag.rpartition(":")[0] or event_tag


def _with_stand_ins(event: Event, place: str) -> Iterator[tuple[str, Event]]:
    yield place, event
    if event.fallback is not None:
        yield from _with_stand_ins(event.fallback, join_place(place, "fallback"))
    if event.rollback is not None:
        yield from _with_stand_ins(event.rollback, join_place(place, "rollback"))


def _uses_of_event(event: Event, place: str) -> Iterator[Use]:
    if event.type in TARGET_KINDS:
        tag = notification_of(event.event) if event.type == "notification" else event.event
        yield Use(join_place(place, "event"), TARGET_KINDS[event.type], tag)
    for name, kind in (("app", "connected app"), ("database", "database"), ("cache", "cache")):
        if tag := getattr(event, name):
            yield Use(join_place(place, name), kind, tag)
    for name, mapping in mappings_of(event):
        yield from uses_of_mapping(mapping, place=join_place(place, name))


def mappings_of(event: Event) -> Iterator[tuple[str, Json]]:
    """Give an event's own mappings with their places below it."""
    yield "input", event.input
    if event.condition is not None:
        yield "condition/subject", event.condition.subject
        yield "condition/value", event.condition.value
    if event.rollback_input is not None:
        yield "rollback_input", event.rollback_input


def _uses_in(contents: Contents) -> Iterator[Use]:
    for feature in contents.features.values():
        yield from uses_of_feature(feature, place=f"features/{feature.tag}")
    for job in contents.jobs.values():
        yield from _uses_of_job(job, f"jobs/{job.tag}")
    for notification in contents.notifications.values():
        yield from _uses_of_notification(notification, f"notifications/{notification.tag}")
    for database in contents.databases.values():
        yield from _uses_of_database(database, f"databases/{database.tag}")
    for environment in contents.environments.values():
        yield from _uses_of_sealed(environment.auth, environment.slug, f"environments/{environment.slug}/auth")
    for connected in contents.connected_apps.values():
        yield from _uses_of_bindings(connected, f"connected_apps/{connected.access_tag}")


def _uses_of_bindings(connected: ConnectedApp, place: str) -> Iterator[Use]:
    for index, binding in enumerate(connected.envs):
        slug = binding.integration_env_slug
        yield from _uses_of_sealed(binding.auth.data, slug, f"{place}/envs[{index}]/auth/data")
        for number, variable in enumerate(binding.variables):
            yield from _uses_of_sealed(variable.value, slug, f"{place}/envs[{index}]/variables[{number}]/value")


def _uses_of_sealed(data: Json, environment: str, place: str) -> Iterator[Use]:
    """Give the secrets that sealed data names; anything else of it is data."""
    for where, value in leaves(data, place=place):
        if key := secret_named_by(value):
            yield Use(where, "secret", key, environment=environment)


def _uses_of_job(job: Job, place: str) -> Iterator[Use]:
    target = job.target
    if target is None:
        yield Use(join_place(place, "target"), "feature", job.own_target.event)
    else:
        where = join_place(place, "target")
        if target.type in TARGET_KINDS:
            tag = notification_of(target.event) if target.type == "notification" else target.event
            yield Use(join_place(where, "event"), TARGET_KINDS[target.type], tag)
        if target.app:
            yield Use(join_place(where, "app"), "connected app", target.app)
        if target.database:
            yield Use(join_place(where, "database"), "database", target.database)
    if job.env:
        yield Use(join_place(place, "env"), "environment", job.env)


def _uses_of_notification(notification: Notification, place: str) -> Iterator[Use]:
    for index, settings in enumerate(notification.envs):
        yield Use(f"{place}/envs[{index}]/slug", "environment", settings.slug)
    for index, message in enumerate(notification.messages):
        for name, mapping in (("subject", message.subject), ("body", message.body)):
            yield from uses_of_mapping(mapping, place=f"{place}/messages[{index}]/{name}")


def _uses_of_database(database: Database, place: str) -> Iterator[Use]:
    for index, environment in enumerate(database.envs):
        yield Use(f"{place}/envs[{index}]/slug", "environment", environment.slug)
    for index, action in enumerate(database.actions):
        yield from uses_of_mapping(action.template, place=f"{place}/actions[{index}]/template")
