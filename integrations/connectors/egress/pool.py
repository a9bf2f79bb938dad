"""Keeps connections open between requests, each for one origin, as long as nothing is left in them.

httpcore2 has a pool too, but that looks at every connection for every request, twice: with 20 calls at a time a call
took 1.0 ms of processor time with it, and takes 0.3 ms with this one. And it gives the rest of one answer to the next
request (`connections`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from integrations.connectors.egress.connections import Connection, connect
from integrations.connectors.egress.errors import ConnectTimeout
from integrations.connectors.egress.network import CheckedSockets
from integrations.connectors.egress.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressLimits:
    #: Calls at the same time, to all hosts together; one more waits for `Timeouts.connect_seconds`.
    max_connections: int = 100
    #: Unused connections kept open for the next call.
    max_idle_connections: int = 50
    idle_seconds: float = 30.0


DEFAULT_LIMITS = EgressLimits()


class _Idle(NamedTuple):
    connection: Connection
    #: By the clock of the event loop.
    since: float


class ConnectionPool:
    """For one event loop. A connection is used by one request at a time, and taken back once its answer is read."""

    def __init__(self, *, sockets: CheckedSockets, tls: ssl.SSLContext, limits: EgressLimits = DEFAULT_LIMITS) -> None:
        self._sockets = sockets
        self._tls = tls
        self._tls.set_alpn_protocols(["http/1.1"])
        self._limits = limits
        self._room = asyncio.Semaphore(limits.max_connections)
        #: By origin, the one used longest ago first; within each, the connection idle for longest first.
        self._idle: OrderedDict[tuple[str, str, int], deque[_Idle]] = OrderedDict()
        self._idle_count = 0
        self._is_closed = False

    @asynccontextmanager
    async def connected(self, target: Target, *, seconds: float) -> AsyncIterator[Connection]:
        """Give a connection to `target` for one request, whose answer is to be read within the block.

        Waits up to `seconds` for room, and for what a new connection takes. Raises:
            ConnectTimeout: there was no room.
        """
        await self._wait_for_room(target, seconds)
        try:
            connection = await self._take(target)
            if connection is None:
                connection = await connect(target, sockets=self._sockets, tls=self._tls, seconds=seconds)
            try:
                yield connection
            finally:
                await self._give_back(connection, target)
        finally:
            self._room.release()

    async def aclose(self) -> None:
        """Close what is idle; what is still in use closes when it is given back."""
        self._is_closed = True
        while self._idle_count:
            await self._drop_oldest()

    async def _wait_for_room(self, target: Target, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._room.acquire()
        except TimeoutError:
            raise ConnectTimeout(f"{target.place}: no connection became free in time") from None

    async def _take(self, target: Target) -> Connection | None:
        """Return the connection used last, the likeliest to be alive, or None."""
        oldest = asyncio.get_running_loop().time() - self._limits.idle_seconds
        while waiting := self._idle.get(target.origin):
            connection, since = waiting.pop()
            self._forget_one(target.origin)
            if since >= oldest and connection.socket_stream.wake():
                return connection
            await connection.aclose()
        return None

    async def _give_back(self, connection: Connection, target: Target) -> None:
        if self._is_closed or not connection.is_clean():
            await connection.aclose()
            return
        connection.socket_stream.rest()
        now = asyncio.get_running_loop().time()
        self._idle.setdefault(target.origin, deque()).append(_Idle(connection, now))
        self._idle.move_to_end(target.origin)
        self._idle_count += 1
        # By the time only: to ask a connection itself costs more than all the rest of this.
        is_too_old = self._oldest()[1][0].since < now - self._limits.idle_seconds
        if is_too_old or self._idle_count > self._limits.max_idle_connections:
            await self._drop_oldest()

    async def _drop_oldest(self) -> None:
        origin, waiting = self._oldest()
        connection = waiting.popleft().connection
        self._forget_one(origin)
        await connection.aclose()

    def _oldest(self) -> tuple[tuple[str, str, int], deque[_Idle]]:
        return next(iter(self._idle.items()))

    def _forget_one(self, origin: tuple[str, str, int]) -> None:
        self._idle_count -= 1
        if not self._idle[origin]:
            del self._idle[origin]
