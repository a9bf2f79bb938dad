"""Small real servers on 127.0.0.1, and clients that may reach them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import cast

from integrations.connectors.egress import EgressClient, EgressPolicy, EgressRequest, EgressResponse, Timeouts

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOCAL = EgressPolicy.parse(["127.0.0.1"])
SHORT = Timeouts(connect_seconds=2, read_seconds=2, total_seconds=5)


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Server:
    port: int = 0
    scheme: str = "http"
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def raw_server(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Run `handler` for every connection."""
    served = Server(scheme="https" if tls else "http")

    tasks: set[asyncio.Task[None]] = set()

    async def count_and_handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        tasks.add(cast("asyncio.Task[None]", asyncio.current_task()))
        # Cancelled below, at the end of the test; asyncio would log that as an error of ours.
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await handler(reader, writer)
        writer.close()

    listener = await asyncio.start_server(count_and_handle, "127.0.0.1", 0, ssl=tls)
    served.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield served
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks)


@asynccontextmanager
async def answering(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Give one of `answers` after the other, then the last one again, on kept-alive connections."""
    served: Server

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            served.received.append(await read_request(reader))
            writer.write(answers[min(len(served.received), len(answers)) - 1])
            await writer.drain()

    async with raw_server(handle, tls) as served:
        yield served


async def read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8")
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body)


def answer(body: bytes = b"", *, status: str = "200 OK", **headers: str) -> bytes:
    """Return a response as bytes; `content_type="…"` becomes the header Content-Type."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def fetch(url: str, *, client: EgressClient | None = None, **request: object) -> EgressResponse:
    """Send one request; short deadlines unless given."""
    values: dict[str, object] = {"method": "GET", "timeouts": SHORT, **request}
    built = EgressRequest(url=url, **values)  # type: ignore[arg-type]  # each test names proper fields
    if client is not None:
        return await client.send(built)
    async with EgressClient(policy=LOCAL) as own:
        return await own.send(built)
