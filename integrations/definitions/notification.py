"""Notifications: messages that go out by email, callback, SMS or push."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from integrations.definitions.base import Definition, Description, GivenJson, Many, Name, Tag
from integrations.definitions.environment import Slug
from integrations.definitions.field import Fields

Channel = Literal["email", "callback", "sms", "push"]


class ChannelSettings(Definition):
    """The channels' settings in one environment; sealed when stored."""

    slug: Slug
    email: dict[str, JsonValue] = {}
    callback: dict[str, JsonValue] = {}
    sms: dict[str, JsonValue] = {}
    push: dict[str, JsonValue] = {}


class Message(Definition):
    """One message, sent as `notification_tag:tag`. `subject` and `body` are mappings with references to its input."""

    tag: Tag
    channel: Channel
    subject: str = ""
    body: GivenJson = ""
    input: Fields = ()


class Notification(Definition):
    tag: Tag
    name: Name = ""
    description: Description = ""
    envs: Many[ChannelSettings] = ()
    messages: Many[Message] = ()
