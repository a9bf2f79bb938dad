"""Which hosts and addresses this installation may talk to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import httpx2

from integrations.connectors.egress.addresses import Address, Network, carried_addresses, special_range
from integrations.errors import DefinitionError, Problem

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_PATTERN = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_ENTRY = re.compile(r"(?:\[(?P<bracketed>[^\[\]]*)\]|(?P<plain>[^\[\]:]*))(?::(?P<port>.*))?", re.DOTALL)
#: What `getaddrinfo` would read as a number: 127.1, 0x7f.0.0.1, 2130706433.
_NUMBER_LIKE = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")
_EXAMPLES = "examples: intranet.example.com, 10.0.0.7:8080, 10.0.0.0/8, [fd00::/8]:443"


class Destination(NamedTuple):
    """Where a connection would go: the name it was asked for by, and what that name stands for."""

    host: str
    address: Address
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedHost:
    """A name that may lead anywhere: whoever runs the server vouches for it."""

    pattern: str
    port: int | None = None

    def covers(self, destination: Destination) -> bool:
        return self.port in (None, destination.port) and host_matches(destination.host, self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedNetwork:
    """Addresses that may be connected to although they are not out in the open."""

    network: Network
    port: int | None = None

    def covers(self, destination: Destination) -> bool:
        return self.port in (None, destination.port) and destination.address in self.network


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressPolicy:
    """The address rules; as made, it lets only addresses through that are out in the open, on every port."""

    allowed: tuple[AllowedHost | AllowedNetwork, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str], *, place: str = "DUCTAPE_EGRESS_ALLOW") -> Self:
        """Return the policy that `entries` describe.

        An entry is a host name (`*.example.com` for all below it), an IP address or a network, each with `:port` if
        only that port is meant; IPv6 with a port is written in brackets.

        Raises:
            DefinitionError: with every malformed entry.
        """
        allowed: list[AllowedHost | AllowedNetwork] = []
        problems: list[Problem] = []
        for index, entry in enumerate(entries):
            try:
                allowed.append(_parse_entry(entry.strip().lower()))
            except ValueError as error:
                problems.append(Problem(f"{place}[{index}]", f"{entry!r}: {error}", _EXAMPLES))
        if problems:
            raise DefinitionError(problems)
        return cls(allowed=tuple(allowed))

    def refusal(self, destination: Destination) -> str | None:
        """Return why `destination` may not be connected to, or None if it may.

        An IPv6 address that carries an IPv4 address has to pass with both.
        """
        for address in (destination.address, *carried_addresses(destination.address)):
            reason = special_range(address)
            if reason is not None and not self._lets_through(destination._replace(address=address)):
                return reason
        return None

    def _lets_through(self, destination: Destination) -> bool:
        return any(entry.covers(destination) for entry in self.allowed)


def normal_host(host: str) -> str:
    """Return `host` as it is compared: lower case, xn-- form, no brackets, no dot at the end."""
    if not host.isascii():
        host = _xn_form(host)
    return host.strip("[]").lower().removesuffix(".")


def host_matches(host: str, pattern: str) -> bool:
    """Whether `host` is `pattern`, or below it if that starts with `*.`. An IP address is below nothing."""
    host, pattern = normal_host(host), normal_host(pattern)
    if not pattern.startswith("*."):
        return host == pattern
    return host.endswith(pattern[1:]) and not _NUMBER_LIKE.fullmatch(host) and ":" not in host


def _xn_form(host: str) -> str:
    try:
        wildcard, name = ("*.", host[2:]) if host.startswith("*.") else ("", host)
        return wildcard + httpx2.URL(scheme="http", host=name).raw_host.decode("ascii")
    except httpx2.InvalidURL:
        return host


def _parse_entry(text: str) -> AllowedHost | AllowedNetwork:
    if text.count(":") > 1 and "[" not in text:
        return AllowedNetwork(network=_parse_network(text))
    match = _ENTRY.fullmatch(text)
    if match is None:
        raise ValueError("this is neither a host nor a network")
    port = _parse_port(match["port"])
    if match["bracketed"] is not None:
        return AllowedNetwork(network=_parse_network(match["bracketed"]), port=port)
    if "/" in match["plain"] or _NUMBER_LIKE.fullmatch(match["plain"]):
        return AllowedNetwork(network=_parse_network(match["plain"]), port=port)
    return AllowedHost(pattern=_parse_host(match["plain"]), port=port)


def _parse_network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        if "host bits" in str(error):
            raise ValueError(f"the network is written {ipaddress.ip_network(text, strict=False)}") from None
        raise ValueError("this is neither an IP address nor a network") from None


def _parse_host(text: str) -> str:
    if not text.isascii():
        raise ValueError("write the name in its xn-- form")
    text = text.removesuffix(".")
    if len(text) > 253 or not _HOST_PATTERN.fullmatch(text):
        raise ValueError("this is not a host name")
    if _NUMBER_LIKE.fullmatch(text):
        raise ValueError("this is neither a host name nor a whole IP address")
    return text


def _parse_port(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535):
        raise ValueError("the port is a number from 1 to 65535")
    return int(text)
