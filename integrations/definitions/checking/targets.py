"""Whether what an event calls is there, and which fields its input is checked by."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from integrations.definitions.app import Action, App
from integrations.definitions.approval import APPROVAL_FIELDS
from integrations.definitions.base import nearest
from integrations.definitions.contents import Contents
from integrations.definitions.database import Database
from integrations.definitions.feature import Event
from integrations.definitions.field import Field
from integrations.definitions.notification import Message, Notification
from integrations.errors import Problem, join_place


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What an event or a job calls."""

    type: str
    event: str
    app: str | None = None
    database: str | None = None


def call_of(event: Event) -> Call:
    return Call(type=event.type, event=event.event, app=event.app, database=event.database)


def check_call(call: Call, contents: Contents, *, place: str) -> Iterator[Problem]:
    """Give what is not there of an app, a database and the thing that is called."""
    if call.app is not None:
        yield from _app_problems(call.app, contents, join_place(place, "app"))
    elif call.type == "action":
        yield Problem(join_place(place, "app"), '"app" is required for an action', "name the access tag of its app")
    if call.database is not None:
        yield from check_known("database", call.database, contents.databases, place=join_place(place, "database"))
    elif call.type == "database_action":
        where = join_place(place, "database")
        yield Problem(where, '"database" is required for a database action', "name the tag of its database")
    where = join_place(place, "event")
    match call.type:
        case "action":
            app = contents.apps.get(call.app or "")
            if app is not None and app.action(call.event) is None:
                yield from check_known("action", call.event, [action.tag for action in app.actions], place=where)
        case "function":
            yield from check_known("function", call.event, contents.functions, place=where)
        case "feature":
            yield from check_known("feature", call.event, contents.features, place=where)
        case "job":
            yield from check_known("job", call.event, contents.jobs, place=where)
        case "notification":
            yield from _notification_problems(call.event, contents.notifications, where)
        case "database_action":
            database = contents.databases.get(call.database or "")
            if database is not None:
                tags = [action.tag for action in database.actions]
                yield from check_known("database action", call.event, tags, place=where)


def action_of(call: Call, contents: Contents) -> tuple[App, Action] | None:
    """Return the app and its action that are called, if both are there."""
    app = contents.apps.get(call.app or "") if call.type == "action" else None
    action = app.action(call.event) if app else None
    return (app, action) if app and action else None


def input_fields(call: Call, contents: Contents) -> Sequence[Field]:
    """Return the fields that an input is checked by, for all but actions; () where anything goes."""
    match call.type:
        case "function":
            function = contents.functions.get(call.event)
            return function.input if function else ()
        case "feature":
            feature = contents.features.get(call.event)
            return feature.input if feature else ()
        case "notification":
            message = message_of(call.event, contents.notifications)
            return message.input if message else ()
        case "approval":
            return APPROVAL_FIELDS
        case "database_action":
            database = contents.databases.get(call.database or "")
            return _database_fields(database, call.event) if database else ()
    return ()


def message_of(tag: str, notifications: Mapping[str, Notification]) -> Message | None:
    """Return the message that `notification:message` names; both tags may hold colons themselves."""
    for notification_tag, notification in notifications.items():
        for message in notification.messages:
            if f"{notification_tag}:{message.tag}" == tag:
                return message
    return None


def _app_problems(access_tag: str, contents: Contents, place: str) -> Iterator[Problem]:
    if access_tag in contents.connected_apps and access_tag not in contents.apps:
        yield Problem(place, f'the app behind "{access_tag}" is not in the catalogue')
    else:
        yield from check_known("connected app", access_tag, contents.connected_apps, place=place)


def _notification_problems(tag: str, notifications: Mapping[str, Notification], place: str) -> Iterator[Problem]:
    if message_of(tag, notifications) is not None:
        return
    name, _, message = tag.rpartition(":")
    if not name:
        yield from check_known("notification", tag, notifications, place=place)
        if tag in notifications:
            yield Problem(place, "names no message of the notification", f'write "{tag}:message"')
    elif name in notifications:
        messages = [each.tag for each in notifications[name].messages]
        yield from check_known("notification message", message, messages, place=place)
    else:
        yield from check_known("notification", name, notifications, place=place)


def check_known(kind: str, tag: str, known: Collection[str], *, place: str) -> Iterator[Problem]:
    """Give a problem when there is no `kind` of that tag, with the nearest one as a hint."""
    if tag not in known:
        yield Problem(place, f'unknown {kind} "{tag}"', nearest(tag, known) or f"there is no {kind} yet")


def _database_fields(database: Database, tag: str) -> Sequence[Field]:
    return next((action.input for action in database.actions if action.tag == tag), ())
