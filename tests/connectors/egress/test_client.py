from __future__ import annotations

import asyncio
import gzip
import logging
import traceback

import pytest

from integrations.connectors.egress import (
    ConnectionBroken,
    ConnectionFailed,
    ConnectTimeout,
    EgressClient,
    EgressError,
    EgressLimits,
    EgressPolicy,
    EgressRefused,
    NameNotResolved,
    ProtocolFailed,
    ReadTimeout,
    ResponseTooLarge,
    Timeouts,
    TotalTimeout,
)
from tests.connectors.egress.servers import LOCAL, Handler, Received, answer, answering, fetch, raw_server, read_request

pytestmark = pytest.mark.anyio


async def test_send_request_arrives_as_given_and_response_comes_back() -> None:
    reply = answer(b'{"id":1}', status="201 Created", content_type="application/json", x_a="1")

    async with answering(reply) as server:
        response = await fetch(
            server.url("/v1/orders?x=1"), method="post", headers=(("X-Key", " k "),), body=b'{"item":"tea"}'
        )

    received = server.received[0]
    assert (received.method, received.target, received.body) == ("POST", "/v1/orders?x=1", b'{"item":"tea"}')
    assert received.headers == {
        "host": f"127.0.0.1:{server.port}",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "user-agent": "ductape-console",
        "content-length": "14",
        "x-key": "k",
    }
    assert (response.status, response.body, response.header("CONTENT-TYPE")) == (201, b'{"id":1}', "application/json")
    assert response.url == server.url("/v1/orders?x=1")
    assert response.duration_ms > 0


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "503 Busy"])
async def test_send_error_status_is_an_answer_and_no_exception(status: str) -> None:
    async with answering(answer(b"no", status=status)) as server:
        response = await fetch(server.url())

    assert (response.status, response.body) == (int(status[:3]), b"no")


async def test_send_loopback_not_allowed_is_refused_and_nothing_arrives() -> None:
    async with answering(answer()) as server, EgressClient(policy=EgressPolicy()) as client:
        with pytest.raises(EgressRefused, match=f"127.0.0.1:{server.port} is not allowed: its address is loopback"):
            await fetch(server.url(), client=client)

    assert server.connections == 0


async def test_send_host_beside_the_allowed_ones_is_refused() -> None:
    async with answering(answer()) as server:
        with pytest.raises(EgressRefused, match=r"127\.0\.0\.1 is not among the allowed hosts"):
            await fetch(server.url(), allowed_hosts=("api.example.com", "*.example.org"))

    assert server.connections == 0


async def test_send_twice_uses_the_connection_again_but_keeps_no_cookie() -> None:
    async with answering(answer(b"x", set_cookie="session=1")) as server, EgressClient(policy=LOCAL) as client:
        for _ in range(3):
            await fetch(server.url(), client=client)

    assert server.connections == 1
    assert all("cookie" not in received.headers for received in server.received)


async def test_send_proxy_in_the_environment_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async with answering(answer(b"direct")) as server:
        response = await fetch(server.url())

    assert response.body == b"direct"


async def test_send_compressed_answer_is_decompressed() -> None:
    async with answering(answer(gzip.compress(b"hello"), content_encoding="gzip")) as server:
        response = await fetch(server.url())

    assert response.body == b"hello"


async def test_send_head_answer_announcing_a_large_compressed_body_is_fine() -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nContent-Encoding: br\r\n\r\n"

    async with answering(reply) as server:
        response = await fetch(server.url(), method="HEAD")

    assert (response.status, response.body) == (200, b"")


async def test_send_gzip_bomb_is_too_large() -> None:
    bomb = gzip.compress(bytes(20_000_000))

    async with answering(answer(bomb, content_encoding="gzip")) as server:
        with pytest.raises(ResponseTooLarge, match="100000 bytes"):
            await fetch(server.url(), max_response_bytes=100_000)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n",
        answer(b"x" * 2_000),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n",
    ],
)
async def test_send_response_above_the_limit_is_too_large(reply: bytes) -> None:
    async with answering(reply) as server:
        with pytest.raises(ResponseTooLarge):
            await fetch(server.url(), max_response_bytes=1_000)


async def test_send_body_that_trickles_ends_with_total_timeout() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with raw_server(trickle) as server:
        with pytest.raises(TotalTimeout, match=r"within 0\.15 seconds") as caught:
            await fetch(server.url("/secret"), timeouts=Timeouts(read_seconds=1, total_seconds=0.15))

    assert (caught.value.code, caught.value.retryable) == ("total_timeout", True)
    assert "secret" not in str(caught.value)


async def test_send_silent_server_ends_with_read_timeout() -> None:
    async def listen_only(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_server(listen_only) as server:
        with pytest.raises(ReadTimeout) as caught:
            await fetch(server.url(), timeouts=Timeouts(read_seconds=0.05, total_seconds=2))

    assert (caught.value.code, caught.value.retryable) == ("read_timeout", True)


@pytest.mark.parametrize("status", [404, 503])
async def test_send_error_whose_body_does_not_end_is_known_by_its_status_soon(status: int) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 9\r\nRetry-After: 7\r\n\r\n{{".encode())
        await reader.read()

    async with raw_server(stall) as server:
        with pytest.raises(ReadTimeout, match="the body of the error did not end in time") as caught:
            await fetch(server.url(), timeouts=Timeouts(read_seconds=9, total_seconds=0.2))

    assert caught.value.answer is not None
    assert (caught.value.answer.status, caught.value.answer.header("retry-after")) == (status, "7")


async def test_send_no_connection_in_the_whole_time_is_connect_timeout() -> None:
    async def hang(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    async with EgressClient(policy=LOCAL, resolver=hang) as client:
        with pytest.raises(ConnectTimeout, match=r"shop\.test:80: not finished within 0\.05 seconds"):
            await fetch("http://shop.test/", client=client, timeouts=Timeouts(connect_seconds=9, total_seconds=0.05))


async def hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await read_request(reader)


async def truncate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")


async def truncate_chunk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nonly this")


async def truncate_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-")


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.transport.abort()


@pytest.mark.parametrize("handler", [hang_up, truncate, truncate_chunk, truncate_head, reset])
async def test_send_no_whole_answer_is_a_typed_retryable_error(handler: Handler) -> None:
    async with raw_server(handler) as server:
        with pytest.raises(ConnectionBroken) as caught:
            await fetch(server.url("/secret"))

    assert (caught.value.code, caught.value.retryable) == ("connection_broken", True)
    assert caught.value.message.startswith(f"127.0.0.1:{server.port}: the connection")


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-hunter22\r\n\r\n",
        b"HTTP/1.1 abc hunter22\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nhunter22\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: hunter22\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhunter22\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"hunter22" * 30_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: hunter22\r\n\r\n",
        answer(b"hunter22", content_encoding="gzip"),
        answer(b"hunter22", content_encoding="br"),
    ],
)
async def test_send_answer_that_is_not_http_is_a_protocol_failure_and_not_quoted(reply: bytes) -> None:
    async with answering(reply) as server:
        with pytest.raises(ProtocolFailed) as caught:
            await fetch(server.url())

    assert not caught.value.retryable
    shown = [line for line in traceback.format_exception(caught.value) if "test_client.py" not in line]
    assert "hunter22" not in "".join(shown)


async def test_send_nobody_listens_is_connection_failed() -> None:
    async with answering(answer()) as server:
        pass

    with pytest.raises(ConnectionFailed, match="the connection could not be made"):
        await fetch(server.url())


async def test_send_unknown_name_is_not_resolved() -> None:
    async def nothing(_host: str, _port: int) -> list[str]:
        raise OSError

    async with EgressClient(policy=LOCAL, resolver=nothing) as client:
        with pytest.raises(NameNotResolved, match=r"no-such-host\.test"):
            await fetch("http://no-such-host.test/", client=client)


async def test_send_name_is_looked_up_and_sent_as_host() -> None:
    async def to_loopback(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async with answering(answer()) as server, EgressClient(policy=LOCAL, resolver=to_loopback) as client:
        await fetch(server.url(host="shop.test"), client=client)

    assert server.received[0].headers["host"] == f"shop.test:{server.port}"


async def test_send_failed_call_leaves_the_client_usable() -> None:
    async with (
        answering(b"junk\r\n\r\n", answer(b"fine")) as server,
        EgressClient(policy=LOCAL, limits=EgressLimits(max_connections=1)) as client,
    ):
        with pytest.raises(EgressError):
            await fetch(server.url(), client=client)
        response = await fetch(server.url(), client=client)

    assert response.body == b"fine"


async def test_send_cancelled_frees_its_connection() -> None:
    answered: list[Received] = []

    async def first_is_slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answered.append(await read_request(reader))
        if len(answered) == 1:
            await asyncio.sleep(0.3)
        writer.write(answer(b"fine"))

    async with (
        raw_server(first_is_slow) as server,
        EgressClient(policy=LOCAL, limits=EgressLimits(max_connections=1)) as client,
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await fetch(server.url(), client=client)
        response = await fetch(server.url(), client=client)

    assert response.body == b"fine"


async def test_send_many_at_once_share_the_connections() -> None:
    async with (
        answering(answer(b"fine")) as server,
        EgressClient(policy=LOCAL, limits=EgressLimits(max_connections=4)) as client,
    ):
        responses = await asyncio.gather(*(fetch(server.url(), client=client) for _ in range(40)))

    assert [response.status for response in responses] == [200] * 40
    assert server.connections <= 4


async def test_send_at_debug_level_logs_no_header(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpcore2")

    async with answering(answer(set_cookie="hunter22")) as server:
        response = await fetch(server.url("/hunter22"), headers=(("Authorization", "hunter22"),))

    assert "hunter22" not in caplog.text + repr(response)
