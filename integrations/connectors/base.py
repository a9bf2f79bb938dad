"""What the engine and the connectors say to each other: frozen values and the protocols that connectors fulfil."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from integrations.definitions.app import Action, App
from integrations.definitions.rate_limit import RateLimit
from integrations.types import Json, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One connected app in one environment, opened: holds secrets, lives only while a run executes, is never stored."""

    access_tag: str
    app_env_slug: str
    base_url: str
    #: Hosts that this app environment may be called at, the base URL's own first; `host:port` for an odd port.
    hosts: tuple[str, ...]
    request_type: str = "json"
    #: Those of the connection, secrets that they name in place.
    variables: Mapping[str, Json] = field(default_factory=dict, repr=False)
    auth_tag: str | None = None
    #: What the connection supplies to its auth: `{params, query, headers, body}`, or flat keys.
    auth_data: Json = field(default=None, repr=False)
    #: Changes whenever anything above does; stored with runs and part of cache keys.
    digest: str = ""
    #: The environment and the app environment that it binds, which limits go by; 0 outside a database.
    environment_id: int = 0
    app_environment_id: int = 0
    #: What the app environment allows, to all integrations together.
    rate_limit: RateLimit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCall:
    """One call of an app's action, its input resolved and placed."""

    app: App
    action: Action
    binding: Binding
    params: JsonObject = field(default_factory=dict, repr=False)
    query: JsonObject = field(default_factory=dict, repr=False)
    headers: JsonObject = field(default_factory=dict, repr=False)
    body: Json = field(default=None, repr=False)
    #: Sent as `Idempotency-Key`; the same for every attempt of a step.
    idempotency_key: str = ""
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an action answered; `body` is what references read."""

    status: int
    body: Json = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Values that came up on the way (tokens) and must be redacted from whatever is stored of this step.
    secrets: tuple[str, ...] = field(default=(), repr=False)
    #: What was changed in the body so that it can be stored, without secrets.
    notes: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a function logged."""

    level: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionResult:
    value: Json
    logs: tuple[LogLine, ...] = ()
    duration_ms: float = 0.0


class ActionConnector(Protocol):
    async def call(self, call: ActionCall) -> Reply:
        """Call the action and return its successful answer.

        Raises:
            ConnectorError: no answer, or one that does not count as success; `HttpStatusError` carries the status.
        """
        ...

    async def token(self, *, app: App, auth_tag: str, binding: Binding, stale: Json = None) -> Json:
        """Return the auth's token response (what `$Auth` reads), fetched once however many ask at the same time.

        `stale` is a token response that was refused: it is not handed out again.
        """
        ...


class FunctionConnector(Protocol):
    async def call(self, javascript: str, value: Json, *, timeout_seconds: float | None = None) -> FunctionResult:
        """Run a compiled function on `value`.

        Raises:
            SandboxError: it threw, or ran out of time, memory or output.
        """
        ...
