"""Whether a kept connection is used again: never when something is left in it."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from integrations.connectors.egress import EgressClient, EgressError, EgressResponse
from integrations.connectors.egress.tls import trusting_context
from tests.connectors.egress.certificates import self_signed
from tests.connectors.egress.servers import LOCAL, Server, answer, fetch, raw_server, read_request

pytestmark = pytest.mark.anyio

STOLEN = answer(b"stolen")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n"
NO_CONTENT, NOT_MODIFIED = b"HTTP/1.1 204 No Content\r\n", b"HTTP/1.1 304 Not Modified\r\n"


@asynccontextmanager
async def leaving(
    first: bytes, rest: bytes, *, seconds: float | None = None, tls: object = None
) -> AsyncIterator[Server]:
    """Answer the very first request with `first` and send `rest` behind it; all others get `fine`.

    `rest` comes in the same packet, or `seconds` later.
    """
    served: Server

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            served.received.append(await read_request(reader))
            if len(served.received) > 1:
                writer.write(answer(b"fine"))
            elif seconds is None:
                writer.write(first + rest)
            else:
                writer.write(first)
                await writer.drain()
                await asyncio.sleep(seconds)
                writer.write(rest)

    async with raw_server(handle, tls) as served:  # type: ignore[arg-type]  # a context or None
        yield served


async def twice(server: Server, client: EgressClient, *, method: str = "GET", pause: float = 0) -> list[bytes]:
    bodies = [(await fetch(server.url(), client=client, method=method)).body]
    await asyncio.sleep(pause)
    return [*bodies, (await fetch(server.url(), client=client)).body]


LEFT_OVER = [
    pytest.param("GET", answer(b"first"), STOLEN, id="a whole answer"),
    pytest.param("GET", answer(b"first"), STOLEN * 3, id="three answers"),
    pytest.param("GET", answer(b"first"), STOLEN[:20], id="half an answer"),
    pytest.param("GET", answer(b"first"), b"\r\n", id="a line break"),
    pytest.param("GET", answer(b"first"), b"\n", id="a line feed"),
    pytest.param("GET", answer(b"first"), b"\0", id="a byte"),
    pytest.param("GET", answer(b"first"), b"0\r\n\r\n", id="a last chunk"),
    pytest.param("GET", answer(b"first"), b"x" * 70_000 + STOLEN, id="more than one read takes"),
    pytest.param("GET", answer(b"first"), b"x" * 900_000, id="more than is kept waiting"),
    pytest.param("GET", answer(b"first"), b"HTTP/1.1 100 Continue\r\n\r\n", id="a 100"),
    pytest.param("GET", answer(b"first"), b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + STOLEN, id="a 103"),
    pytest.param("GET", answer(b"first"), b"HTTP/1.1 408 Request Timeout\r\n\r\n", id="a 408 of a tired server"),
    pytest.param("GET", answer(b""), STOLEN, id="behind an empty body"),
    pytest.param("GET", answer(b"no", status="404 Not Found"), STOLEN, id="behind an error"),
    pytest.param("GET", answer(gzip.compress(b"first", mtime=0), content_encoding="gzip"), STOLEN, id="behind gzip"),
    pytest.param("GET", CHUNKED, STOLEN, id="behind chunks"),
    pytest.param("GET", CHUNKED, b"\r\n", id="a line break behind chunks"),
    pytest.param("GET", CHUNKED, b"0\r\n\r\n", id="a second last chunk"),
    pytest.param("GET", CHUNKED[:-2] + b"X: 1\r\n\r\n", STOLEN, id="behind trailers"),
    pytest.param("GET", NO_CONTENT + b"\r\n", b'{"a":1}', id="a body behind 204"),
    pytest.param("GET", NO_CONTENT + b"\r\n", STOLEN, id="an answer behind 204"),
    pytest.param("GET", NO_CONTENT + b"Content-Length: 62\r\n\r\n", STOLEN, id="an answer as the body of 204"),
    pytest.param("GET", NO_CONTENT + b"Transfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n", id="no chunks behind 204"),
    pytest.param("GET", NOT_MODIFIED + b"\r\n", STOLEN, id="an answer behind 304"),
    pytest.param("GET", NOT_MODIFIED + b"Content-Length: 62\r\n\r\n", STOLEN, id="an answer as the body of 304"),
    pytest.param("HEAD", answer(STOLEN), b"", id="an answer as the body of HEAD"),
    pytest.param("HEAD", b"HTTP/1.1 200 OK\r\n\r\n", STOLEN, id="an answer behind HEAD"),
    pytest.param("HEAD", CHUNKED, b"", id="chunks behind HEAD"),
    pytest.param(
        "GET", CHUNKED.replace(b"\r\n\r\n5", b"\r\nContent-Length: 15\r\n\r\n5"), b"", id="a length and chunks"
    ),
]


@pytest.mark.parametrize(("method", "first", "rest"), LEFT_OVER)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
async def test_connection_with_something_left_in_it_is_never_used_again(
    method: str, first: bytes, rest: bytes, tls: bool, tmp_path: Path
) -> None:
    context, trusted = self_signed(tmp_path, host="127.0.0.1") if tls else (None, None)
    own = trusting_context(trusted) if tls else None
    async with leaving(first, rest, tls=context) as server, EgressClient(policy=LOCAL, tls=own) as client:
        bodies = await twice(server, client, method=method)

    assert bodies[1] == b"fine"
    assert server.connections == 2


@pytest.mark.parametrize(
    ("method", "first"),
    [("GET", answer(b"first")), ("GET", CHUNKED), ("GET", NO_CONTENT + b"\r\n"), ("HEAD", b"HTTP/1.1 200 OK\r\n\r\n")],
)
@pytest.mark.parametrize("rest", [STOLEN, b"\r\n", b"0\r\n\r\n"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
async def test_connection_on_which_something_comes_later_is_closed(
    method: str, first: bytes, rest: bytes, tls: bool, tmp_path: Path
) -> None:
    context, trusted = self_signed(tmp_path, host="127.0.0.1") if tls else (None, None)
    own = trusting_context(trusted) if tls else None
    async with (
        leaving(first, rest, seconds=0.005, tls=context) as server,
        EgressClient(policy=LOCAL, tls=own) as client,
    ):
        bodies = await twice(server, client, method=method, pause=0.03)

    assert bodies[1] == b"fine"
    assert server.connections == 2


async def test_connection_on_which_something_came_while_the_loop_was_busy_is_not_used() -> None:
    async with leaving(answer(b"first"), STOLEN, seconds=0.01) as server, EgressClient(policy=LOCAL) as client:
        await fetch(server.url(), client=client)
        asyncio.get_running_loop().call_later(0.005, time.sleep, 0.02)
        await asyncio.sleep(0.02)
        second = await fetch(server.url(), client=client)

    assert second.body == b"fine"


async def test_connection_that_something_came_on_is_closed_at_once() -> None:
    ended = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer(b"first"))
        await asyncio.sleep(0.01)
        writer.write(b"x")
        await reader.read()
        ended.set()

    async with raw_server(handle) as server, EgressClient(policy=LOCAL) as client:
        await fetch(server.url(), client=client)
        async with asyncio.timeout(1):
            await ended.wait()


@pytest.mark.parametrize(
    ("method", "first"),
    [
        pytest.param("GET", answer(b"first"), id="a length"),
        pytest.param("GET", answer(b""), id="nothing"),
        pytest.param("GET", CHUNKED, id="chunks"),
        pytest.param("GET", CHUNKED[:-2] + b"X-Trailer: 1\r\n\r\n", id="trailers"),
        pytest.param("GET", NO_CONTENT + b"\r\n", id="204"),
        pytest.param("GET", NO_CONTENT + b"Content-Length: 0\r\n\r\n", id="204 with a length of 0"),
        pytest.param("GET", NOT_MODIFIED + b"\r\n", id="304"),
        pytest.param("HEAD", b"HTTP/1.1 200 OK\r\n\r\n", id="HEAD"),
        pytest.param("GET", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer(b"first"), id="103 before it"),
        pytest.param("GET", b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + answer(b"first"), id="100 before it"),
        pytest.param("GET", answer(b"x" * 900_000), id="a large body"),
        pytest.param("GET", answer(b"no", status="500 Oops"), id="an error"),
    ],
)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
async def test_connection_with_nothing_left_in_it_is_used_again(
    method: str, first: bytes, tls: bool, tmp_path: Path
) -> None:
    context, trusted = self_signed(tmp_path, host="127.0.0.1") if tls else (None, None)
    own = trusting_context(trusted) if tls else None
    async with leaving(first, b"", tls=context) as server, EgressClient(policy=LOCAL, tls=own) as client:
        bodies = await twice(server, client, method=method, pause=0.01)

    assert bodies[1] == b"fine"
    assert server.connections == 1


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nfirst",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nfirst",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nfirst",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nfirst",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nfirst",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirstjunk\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nfirst\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + STOLEN,
    ],
)
async def test_answer_with_two_ends_or_none_fails_alone(first: bytes) -> None:
    async with leaving(first, STOLEN) as server, EgressClient(policy=LOCAL) as client:
        with pytest.raises(EgressError):
            await fetch(server.url(), client=client)
        second = await fetch(server.url(), client=client)

    assert second.body == b"fine"
    assert server.connections == 2


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nfirst",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfirst",
        answer(b"x" * 3_000),
    ],
)
async def test_answer_after_which_the_connection_ends(first: bytes) -> None:
    async with leaving(first, STOLEN) as server, EgressClient(policy=LOCAL) as client:
        first_answer: EgressResponse | EgressError
        try:
            first_answer = await fetch(server.url(), client=client, max_response_bytes=1_000)
        except EgressError as error:
            first_answer = error
        second = await fetch(server.url(), client=client)

    assert isinstance(first_answer, EgressError) is (len(first) > 1_000)
    assert second.body == b"fine"
    assert server.connections == 2


async def test_call_that_is_broken_off_leaves_nothing_for_the_next() -> None:
    cut = answer(b"first")[:-2]
    async with leaving(cut, b"st" + STOLEN, seconds=0.05) as server, EgressClient(policy=LOCAL) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await fetch(server.url(), client=client)
        second = await fetch(server.url(), client=client)

    assert second.body == b"fine"
    assert server.connections == 2


async def test_many_calls_to_a_server_that_leaves_something_each_get_their_own_answer() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            writer.write(answer(request.target.encode()) + answer(b"stolen"))
            await writer.drain()

    async with raw_server(handle) as server, EgressClient(policy=LOCAL) as client:
        paths = [f"/{number}" for number in range(60)]
        answers = await asyncio.gather(*(fetch(server.url(path), client=client) for path in paths))

    assert [each.body.decode() for each in answers] == paths
