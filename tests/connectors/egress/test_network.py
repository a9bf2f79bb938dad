from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpcore2
import pytest

from integrations.connectors.egress import EgressPolicy, EgressRefused, NameNotResolved
from integrations.connectors.egress.errors import ConnectTimeout
from integrations.connectors.egress.network import CheckedSockets, Resolver, allowed_addresses, resolve_by_system
from integrations.connectors.egress.sockets import SocketStream

PUBLIC, OTHER_PUBLIC = "93.184.216.34", "93.184.216.35"


class FakeStream(SocketStream):
    def __init__(self, peer: str) -> None:
        super().__init__()
        self.peer = peer
        self.is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True

    def get_extra_info(self, info: str) -> Any:
        return (self.peer, 443) if info == "server_addr" else None


class FakeSockets:
    """Connects to nothing; remembers where it was asked to go."""

    def __init__(self, *, dead: Sequence[str] = (), peer: str = "") -> None:
        self.dialed: list[str] = []
        self.streams: list[FakeStream] = []
        self.dead, self.peer = dead, peer

    async def dial(self, address: str, _port: int, _seconds: float) -> FakeStream:
        self.dialed.append(address)
        if address in self.dead:
            raise httpcore2.ConnectError
        self.streams.append(FakeStream(self.peer or address))
        return self.streams[-1]


def resolving_to(*answers: Sequence[str]) -> Resolver:
    """Give one of `answers` after the other, then the last one again."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


def connect(checked: CheckedSockets, host: str = "example.com") -> SocketStream:
    return asyncio.run(checked.connect(host, 443, seconds=1))


def test_connect_name_that_changes_its_address_goes_to_the_checked_one() -> None:
    sockets = FakeSockets()
    checked = CheckedSockets(policy=EgressPolicy(), resolver=resolving_to([PUBLIC], ["127.0.0.1"]), dial=sockets.dial)

    connect(checked)

    assert sockets.dialed == [PUBLIC]


def test_connect_name_that_has_become_private_is_refused() -> None:
    sockets = FakeSockets()
    checked = CheckedSockets(policy=EgressPolicy(), resolver=resolving_to([PUBLIC], ["127.0.0.1"]), dial=sockets.dial)
    connect(checked)

    with pytest.raises(EgressRefused, match="loopback"):
        connect(checked)

    assert sockets.dialed == [PUBLIC]


def test_connect_public_and_private_addresses_only_public_is_tried() -> None:
    sockets = FakeSockets(dead=[PUBLIC])
    resolver = resolving_to(["10.0.0.1", PUBLIC, "::1"])
    checked = CheckedSockets(policy=EgressPolicy(), resolver=resolver, dial=sockets.dial)

    with pytest.raises(httpcore2.ConnectError):
        connect(checked)

    assert sockets.dialed == [PUBLIC]


def test_connect_first_address_dead_second_is_used() -> None:
    sockets = FakeSockets(dead=[PUBLIC])
    resolver = resolving_to([PUBLIC, OTHER_PUBLIC])
    checked = CheckedSockets(policy=EgressPolicy(), resolver=resolver, dial=sockets.dial)

    connect(checked)

    assert sockets.dialed == [PUBLIC, OTHER_PUBLIC]


def test_connect_socket_ends_elsewhere_is_closed_and_refused() -> None:
    sockets = FakeSockets(peer="169.254.169.254")
    checked = CheckedSockets(policy=EgressPolicy(), resolver=resolving_to([PUBLIC]), dial=sockets.dial)

    with pytest.raises(EgressRefused, match="link-local"):
        connect(checked)

    assert sockets.streams[0].is_closed


def test_connect_lookup_that_hangs_ends_with_connect_timeout() -> None:
    async def hang(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    checked = CheckedSockets(policy=EgressPolicy(), resolver=hang, dial=FakeSockets().dial)

    with pytest.raises(ConnectTimeout, match=r"example\.com"):
        asyncio.run(checked.connect("example.com", 443, seconds=0.02))


@pytest.mark.parametrize("answer", [[], ["not an address"]])
def test_allowed_addresses_resolver_gives_none_is_name_not_resolved(answer: list[str]) -> None:
    with pytest.raises(NameNotResolved) as caught:
        asyncio.run(allowed_addresses(host="a.test", port=1, policy=EgressPolicy(), resolver=resolving_to(answer)))

    assert caught.value.retryable


@pytest.mark.parametrize(
    "spelling",
    ["127.0.0.1", "127.1", "0x7f.0.0.1", "0x7f000001", "0177.0.0.1", "017700000001", "2130706433", "0", "localhost"],
)
def test_allowed_addresses_loopback_in_any_spelling_is_refused(spelling: str) -> None:
    with pytest.raises(EgressRefused):
        asyncio.run(allowed_addresses(host=spelling, port=80, policy=EgressPolicy(), resolver=resolve_by_system))
