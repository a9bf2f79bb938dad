from __future__ import annotations

import asyncio

import pytest

from integrations.connectors.egress import ConnectTimeout, EgressClient, EgressLimits, Timeouts
from tests.connectors.egress.servers import LOCAL, answer, answering, fetch, raw_server, read_request

pytestmark = pytest.mark.anyio


def limited(**limits: float) -> EgressClient:
    return EgressClient(policy=LOCAL, limits=EgressLimits(**limits))  # type: ignore[arg-type]  # each test names proper limits


async def answer_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    await asyncio.sleep(0.2)
    writer.write(answer())


async def answer_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(answer(b"bye"))


async def test_pool_full_for_too_long_is_connect_timeout() -> None:
    async with raw_server(answer_slowly) as server, limited(max_connections=1) as client:
        first = asyncio.create_task(fetch(server.url(), client=client))
        await asyncio.sleep(0.02)
        with pytest.raises(ConnectTimeout, match="no connection became free"):
            await fetch(server.url(), client=client, timeouts=Timeouts(connect_seconds=0.03))
        await first

    assert server.connections == 1


async def test_pool_connection_closed_by_the_server_is_replaced() -> None:
    async with raw_server(answer_and_close) as server, limited() as client:
        bodies = []
        for _ in range(3):
            bodies.append((await fetch(server.url(), client=client)).body)
            await asyncio.sleep(0.01)

    assert bodies == [b"bye"] * 3
    assert server.connections == 3


async def test_pool_connection_idle_for_too_long_is_replaced() -> None:
    async with answering(answer()) as server, limited(idle_seconds=0.02) as client:
        await fetch(server.url(), client=client)
        await asyncio.sleep(0.03)
        await fetch(server.url(), client=client)

    assert server.connections == 2


async def test_pool_too_many_idle_connections_the_oldest_is_closed() -> None:
    async with answering(answer()) as first, answering(answer()) as second, limited(max_idle_connections=1) as client:
        for server in (first, second, second, first):
            await fetch(server.url(), client=client)

    assert (first.connections, second.connections) == (2, 1)


async def test_pool_connections_in_use_when_the_client_closes_are_closed_too() -> None:
    ended = asyncio.Event()

    async def answer_and_wait_for_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer_slowly(reader, writer)
        await reader.read()
        ended.set()

    async with raw_server(answer_and_wait_for_the_end) as server:
        async with limited() as client:
            call = asyncio.create_task(fetch(server.url(), client=client))
            await asyncio.sleep(0.02)
        await call
        async with asyncio.timeout(1):
            await ended.wait()


async def test_pool_keeps_origins_apart() -> None:
    async with answering(answer(b"1")) as first, answering(answer(b"2")) as second, limited() as client:
        bodies = [(await fetch(server.url(), client=client)).body for server in (first, second, first, second)]

    assert bodies == [b"1", b"2", b"1", b"2"]
    assert (first.connections, second.connections) == (1, 1)
