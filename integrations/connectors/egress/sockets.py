"""Sockets for httpcore2 that know whether anything has come that nobody asked for.

httpcore2 brings a backend on anyio, which keeps what has come in a queue of its own and, with TLS, in a second one: no
one can tell from outside whether they are empty. Whether a connection may be used again hangs on just that (RFC 9112
section 6.3), so here the event loop hands every byte to the stream at once, before or after TLS.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from typing import Any, cast

import httpcore2

#: What waits to be read beyond this stops the event loop from taking more off the network.
_MOST_WAITING_BYTES = 256 * 1024


async def connect_socket(address: str, port: int, seconds: float) -> SocketStream:
    """Return a connection to `address`, made within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            _, stream = await asyncio.get_running_loop().create_connection(SocketStream, address, port)
    except TimeoutError as error:
        raise httpcore2.ConnectTimeout from error
    except OSError as error:
        raise httpcore2.ConnectError from error
    return stream


class SocketStream(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """One connection: `asyncio` fills it, and one task at a time reads from it and writes to it."""

    def __init__(self) -> None:
        #: Whether a byte of the request has left, or may have.
        self.has_sent = False
        self._received = bytearray()
        self._is_over = False
        self._error: Exception | None = None
        self._is_resting = False
        self._is_paused = False
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._waiter: asyncio.Future[None] | None = None

    # -- What the event loop calls ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._is_resting:
            self.abort()
        elif len(self._received) > _MOST_WAITING_BYTES:
            self._transport.pause_reading()
            self._is_paused = True
        self._wake()

    def eof_received(self) -> None:
        self._is_over = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_over, self._error = True, exc
        self._can_write.set()
        self._wake()

    def pause_writing(self) -> None:
        self._can_write.clear()

    def resume_writing(self) -> None:
        self._can_write.set()

    # -- What httpcore2 calls -----------------------------------------------------------------------------------------

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while not self._received and not self._is_over:
            await self._wait(timeout)
        if not self._received and self._error is not None:
            raise httpcore2.ReadError from self._error
        taken = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if self._is_paused and not self._received:
            self._is_paused = False
            self._transport.resume_reading()
        return taken

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        if not self._is_over:
            self.has_sent = True
            self._transport.write(buffer)
        if not self._can_write.is_set():
            try:
                async with asyncio.timeout(timeout):
                    await self._can_write.wait()
            except TimeoutError as error:
                raise httpcore2.WriteTimeout from error
        if self._is_over:
            raise httpcore2.WriteError from self._error

    async def aclose(self) -> None:
        self.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> SocketStream:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                transport = await loop.start_tls(self._transport, self, ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            self.abort()
            raise httpcore2.ConnectTimeout from error
        except OSError as error:
            self.abort()
            raise httpcore2.ConnectError from error
        if transport is None:  # it was lost just after
            raise httpcore2.ConnectError
        self._transport = transport
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._transport.get_extra_info("peername" if info == "server_addr" else info)

    # -- What the pool asks for ---------------------------------------------------------------------------------------

    def rest(self) -> None:
        """Be unused from here on: whatever comes now ends the connection."""
        self._is_resting, self.has_sent = True, False
        if self.is_spent():
            self.abort()

    def wake(self) -> bool:
        """Return whether the connection may be used again: nothing has come since the last answer."""
        self._is_resting = False
        return not self.is_spent() and not self._is_readable()

    def is_spent(self) -> bool:
        """Return whether it has ended, or holds bytes that belong to no request."""
        return self._is_over or bool(self._received) or self._transport.is_closing()

    def abort(self) -> None:
        """Close it at once."""
        self._is_over = True
        self._transport.abort()

    def _is_readable(self) -> bool:
        """Return whether something has come that the event loop has not seen yet."""
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket"), select.POLLIN)
        return bool(poll.poll(0))

    async def _wait(self, timeout: float | None) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                await self._waiter
        except TimeoutError as error:
            raise httpcore2.ReadTimeout from error
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
