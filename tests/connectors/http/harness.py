"""An app that is described in a few words, and a connector that calls it on a small real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from integrations.clock import Clock, SystemClock
from integrations.connectors.base import ActionCall, Binding
from integrations.connectors.egress import EgressClient
from integrations.connectors.http.connector import HttpActionConnector
from integrations.definitions.app import App
from integrations.types import Json
from tests.connectors.egress.servers import LOCAL, Received, Server, answer, raw_server, read_request

Respond = Callable[[Received], bytes]


def app(*actions: dict[str, Any], **fields: Any) -> App:
    """Return an app with these actions; without any, one GET of `/things`."""
    listed = actions or ({"tag": "list", "method": "GET", "resource": "/things"},)
    return App.parse({"app_name": "Shop", "tag": "shop", "actions": [*listed], **fields})


def binding(server: Server, **fields: Any) -> Binding:
    """Return a binding to the server, which is the only host that it may call."""
    values: dict[str, Any] = {"access_tag": "shop", "app_env_slug": "live", "hosts": ("127.0.0.1",), **fields}
    return Binding(base_url=server.url("/api"), **values)


def call(app: App, binding: Binding, **fields: Any) -> ActionCall:
    """Return a call of the app's first action."""
    return ActionCall(app=app, action=app.actions[0], binding=binding, **fields)


@asynccontextmanager
async def connected(*, clock: Clock | None = None) -> AsyncIterator[HttpActionConnector]:
    async with EgressClient(policy=LOCAL) as client:
        yield HttpActionConnector(client=client, clock=clock or SystemClock())


@asynccontextmanager
async def serving(respond: Respond, *, seconds: float = 0) -> AsyncIterator[Server]:
    """Answer every request with what `respond` gives, `seconds` later."""
    served: Server

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            served.received.append(request)
            await asyncio.sleep(seconds)
            writer.write(respond(request))
            await writer.drain()

    async with raw_server(handle) as served:
        yield served


def json_answer(body: Json, *, status: str = "200 OK", **headers: str) -> bytes:
    return answer(json.dumps(body).encode(), status=status, content_type="application/json", **headers)
