"""Rewrites what a definition refers to when something else is renamed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from integrations.definitions.base import Definition
from integrations.definitions.checking.uses import TARGET_KINDS
from integrations.definitions.connected_app import ConnectedApp
from integrations.definitions.database import Database
from integrations.definitions.environment import Environment
from integrations.definitions.feature import Condition, Event, Feature
from integrations.definitions.job import Job, JobTarget
from integrations.definitions.notification import Notification
from integrations.definitions.references import (
    FunctionCall,
    Pointer,
    Reference,
    ReferenceSyntaxError,
    parse_template,
    render_template,
    replace_references,
)
from integrations.types import Json

Renamed = TypeVar("Renamed", bound=Definition)
_ROOTS = {"connected app": ("Variable", "Constant"), "secret": ("Secret",)}


def rename_references(definition: Renamed, kind: str, old: str, new: str) -> Renamed:
    """Return the definition with every reference to the `kind` called `old` naming `new`; itself when there is none.

    A mapping that holds none is left as it is written; one that does is written in the canonical spelling.
    """
    rename = _Rename(kind, old, new)
    change: dict[type[Definition], Callable[[Any], dict[str, Any]]] = {
        Feature: rename.feature,
        Job: rename.job,
        ConnectedApp: rename.connected_app,
        Environment: rename.environment,
        Notification: rename.notification,
        Database: rename.database,
    }
    made = change[type(definition)](definition) if type(definition) in change else {}
    renamed = definition.model_copy(update=made)
    return definition if renamed == definition else renamed


class _Rename:
    def __init__(self, kind: str, old: str, new: str) -> None:
        self._kind, self._old, self._new = kind, old, new

    # Definitions: each gives the fields that change

    def feature(self, feature: Feature) -> dict[str, Any]:
        sequences = tuple(
            each.model_copy(update={"events": tuple(map(self._event, each.events))}) for each in feature.sequence
        )
        changes: dict[str, Any] = {"sequence": sequences}
        if not feature.is_code:
            changes["output"] = self._mapping(feature.output)
        if feature.deduplicate is not None:
            key = self._mapping(feature.deduplicate.key)
            changes["deduplicate"] = feature.deduplicate.model_copy(update={"key": key})
        return changes

    def job(self, job: Job) -> dict[str, Any]:
        target = job.target
        if target is None and self._kind == "feature" and job.tag == self._old:
            target = JobTarget(event=self._new)
        elif target is not None:
            target = target.model_copy(update=self._called(target))
        return {"target": target, "env": self._tag("environment", job.env)}

    def connected_app(self, connected_app: ConnectedApp) -> dict[str, Any]:
        bound = tuple(
            each.model_copy(update={"integration_env_slug": self._tag("environment", each.integration_env_slug)})
            for each in connected_app.envs
        )
        return {"envs": bound, "app_tag": self._tag("app", connected_app.app_tag)}

    def environment(self, environment: Environment) -> dict[str, Any]:
        bound = tuple(
            each.model_copy(update={"access_tag": self._tag("connected app", each.access_tag)})
            for each in environment.envs
        )
        return {"envs": bound}

    def notification(self, notification: Notification) -> dict[str, Any]:
        messages = tuple(
            each.model_copy(update={"subject": self._mapping(each.subject), "body": self._mapping(each.body)})
            for each in notification.messages
        )
        return {"envs": tuple(map(self._slugged, notification.envs)), "messages": messages}

    def database(self, database: Database) -> dict[str, Any]:
        actions = tuple(each.model_copy(update={"template": self._mapping(each.template)}) for each in database.actions)
        return {"envs": tuple(map(self._slugged, database.envs)), "actions": actions}

    # Parts

    def _event(self, event: Event) -> Event:
        changes: dict[str, Any] = {
            **self._called(event),
            "cache": self._tag("cache", event.cache),
            "input": self._mapping(event.input),
            "condition": self._condition(event.condition),
            "fallback": self._event(event.fallback) if event.fallback else None,
            "rollback": self._event(event.rollback) if event.rollback else None,
            "rollback_input": self._mapping(event.rollback_input),
        }
        if event.name is None and changes["event"] != event.event:
            # Results are referred to by the event's name, which stays what it was.
            changes["name"] = event.event
        return event.model_copy(update=changes)

    def _called(self, caller: Event | JobTarget) -> dict[str, Any]:
        return {
            "event": self._target(caller.type, caller.event),
            "app": self._tag("connected app", caller.app),
            "database": self._tag("database", caller.database),
        }

    def _target(self, call_type: str, tag: str) -> str:
        if TARGET_KINDS.get(call_type) != self._kind:
            return tag
        if call_type == "notification":
            name, colon, message = tag.rpartition(":")
            return f"{self._new}{colon}{message}" if name == self._old else tag
        return self._new if tag == self._old else tag

    def _condition(self, condition: Condition | None) -> Condition | None:
        if condition is None:
            return None
        changes = {"subject": self._mapping(condition.subject), "value": self._mapping(condition.value)}
        return condition.model_copy(update=changes)

    def _slugged(self, settings: Renamed) -> Renamed:
        return settings.model_copy(update={"slug": self._tag("environment", getattr(settings, "slug", None))})

    def _tag(self, kind: str, tag: str | None) -> str | None:
        return self._new if kind == self._kind and tag == self._old else tag

    def _mapping(self, mapping: Any) -> Any:
        try:
            before = parse_template(mapping)
        except ReferenceSyntaxError:
            return mapping  # saved before it was checked; nothing in it can be told apart
        after = replace_references(before, self._pointer)
        rendered: Json = render_template(after)
        return mapping if after == before else rendered

    def _pointer(self, pointer: Pointer) -> Pointer:
        if isinstance(pointer, FunctionCall):
            renamed = self._kind == "function" and pointer.tag == self._old
            return FunctionCall(self._new, pointer.values) if renamed else pointer
        if pointer.root in _ROOTS.get(self._kind, ()) and pointer.path[:1] == (self._old,):
            return Reference(pointer.root, (self._new, *pointer.path[1:]))
        return pointer
