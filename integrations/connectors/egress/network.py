"""Opens sockets: finds the addresses of a host, checks them, and connects to a checked one and no other.

A name is looked up once and the connection goes to the very address that was checked, so a name that changes its mind
in between (DNS rebinding) gains nothing, and neither does an address in a strange spelling: `0x7f.1` is looked up too.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import httpcore2

from integrations.connectors.egress.addresses import Address
from integrations.connectors.egress.errors import ConnectionFailed, ConnectTimeout, EgressRefused, NameNotResolved
from integrations.connectors.egress.policy import Destination, EgressPolicy
from integrations.connectors.egress.sockets import SocketStream, connect_socket

#: Takes a host and a port, gives its addresses as text, best first; raises OSError when there are none.
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

#: Takes an address, a port and seconds, gives a connection.
Dial: TypeAlias = Callable[[str, int, float], Awaitable[SocketStream]]

#: A name with more addresses than this is not tried further.
MAX_ADDRESSES = 6


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Return the addresses that the operating system finds for `host`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


async def allowed_addresses(
    *, host: str, port: int, policy: EgressPolicy, resolver: Resolver = resolve_by_system
) -> list[Address]:
    """Return the addresses of `host` that `policy` lets us connect to, best first, at least one.

    Raises:
        NameNotResolved: `host` has no address.
        EgressRefused: it has some, and all of them are refused.
    """
    addresses = await _addresses(host=host, port=port, resolver=resolver)
    reasons = {each: policy.refusal(Destination(host, each, port)) for each in addresses}
    allowed = [address for address, reason in reasons.items() if reason is None]
    if not allowed:
        raise _refused(host=host, port=port, reason=next(iter(reasons.values())))
    return allowed[:MAX_ADDRESSES]


class CheckedSockets:
    """The way to sockets, with the address rules in front of it."""

    def __init__(
        self, *, policy: EgressPolicy, resolver: Resolver = resolve_by_system, dial: Dial = connect_socket
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._dial = dial

    async def connect(self, host: str, port: int, *, seconds: float) -> SocketStream:
        """Return a connection to a checked address of `host`, made within `seconds`.

        Raises:
            EgressError: there is no address, none that is allowed, or the address was not found in time.
            httpcore2.ConnectError, httpcore2.ConnectTimeout: no connection was made to any of them.
        """
        ends_at = time.monotonic() + seconds
        addresses = await self._lookup(host=host, port=port, ends_at=ends_at)
        for index, address in enumerate(addresses):
            # What time is left is shared out, so that one dead address does not use it all up.
            share = max(ends_at - time.monotonic(), 0) / (len(addresses) - index)
            try:
                stream = await self._dial(str(address), port, share)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if index + 1 == len(addresses):
                    raise
            else:
                return await self._with_checked_peer(stream, host=host, port=port)
        raise ConnectionFailed(f"no address of {host} could be connected to")

    async def _lookup(self, *, host: str, port: int, ends_at: float) -> list[Address]:
        try:
            async with asyncio.timeout(ends_at - time.monotonic()):
                return await allowed_addresses(host=host, port=port, policy=self._policy, resolver=self._resolver)
        except TimeoutError:
            raise ConnectTimeout(f"the address of {host} was not found in time") from None

    async def _with_checked_peer(self, stream: SocketStream, *, host: str, port: int) -> SocketStream:
        try:
            self._refuse_bad_peer(stream, host=host, port=port)
        except BaseException:
            await stream.aclose()
            raise
        return stream

    def _refuse_bad_peer(self, stream: SocketStream, *, host: str, port: int) -> None:
        """Ask the connected socket itself who is at its other end: a last look that no lookup can mislead."""
        peer = ipaddress.ip_address(stream.get_extra_info("server_addr")[0])
        reason = self._policy.refusal(Destination(host, peer, port))
        if reason is not None:
            raise _refused(host=host, port=port, reason=reason)


async def _addresses(*, host: str, port: int, resolver: Resolver) -> list[Address]:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        pass
    try:
        found = [ipaddress.ip_address(text) for text in await resolver(host, port)]
    except (OSError, ValueError):  # a TimeoutError is an OSError, and the resolver's own to raise
        found = []
    if not found:
        raise NameNotResolved(f"the host name {host} has no address")
    return found


def _refused(*, host: str, port: int, reason: str | None) -> EgressRefused:
    return EgressRefused(
        f"{host}:{port} is not allowed: its address is {reason}"
        " (whoever runs the server can allow it in DUCTAPE_EGRESS_ALLOW)"
    )
