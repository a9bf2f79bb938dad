"""Takes a URL apart, refusing what an outside connection must not be made of."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import httpx2

from integrations.connectors.egress.errors import EgressRefused, InvalidRequest
from integrations.connectors.egress.policy import host_matches, normal_host

DEFAULT_PORTS = {"http": 80, "https": 443}
_WEB_PORTS = tuple(DEFAULT_PORTS.values())
_ENTRY = re.compile(r"(?P<host>\[[^]]*\]|[^:]*)(?::(?P<port>\d+))?")
_HOST = re.compile(r"[a-z0-9_.-]{1,253}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    scheme: str
    #: Lower case, ASCII, without brackets or a dot at the end.
    host: str
    port: int
    #: Path and query as they are sent.
    path: bytes = field(repr=False)

    @property
    def origin(self) -> tuple[str, str, int]:
        return (self.scheme, self.host, self.port)

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        return f"{self._bracketed_host}:{self.port}"

    @property
    def authority(self) -> str:
        """What the Host header says."""
        return self._bracketed_host if self.port == DEFAULT_PORTS[self.scheme] else self.place

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path.decode('ascii')}"

    @property
    def _bracketed_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def refuse_unless_allowed(self, allowed_hosts: Sequence[str], *, own: Target) -> None:
        """Raise EgressRefused unless one of `allowed_hosts` stands for this host, at a port that may be reached.

        These are 80 and 443, that of `own`, which the call names itself, at its host, and those that an entry lists.
        """
        ports = [port for pattern, port in map(_host_and_port, allowed_hosts) if host_matches(self.host, pattern)]
        if not ports:
            raise EgressRefused(f"{self.host} is not among the allowed hosts of this call")
        is_own = (self.host, self.port) == (own.host, own.port)
        if not is_own and self.port not in (*_WEB_PORTS, *ports):
            raise EgressRefused(
                f"{self.place} is not allowed: this call reaches ports 80 and 443, that of its own base URL, and those"
                f' that its allowed hosts list, as in "{self.place}"'
            )


def parse_target(url: str, *, base: Target | None = None) -> Target:
    """Return what `url` points at; a relative one is read from `base`.

    Raises:
        InvalidRequest: it is no http or https URL. The message does not quote it, as it may hold a secret.
        EgressRefused: it holds a user name or a password.
    """
    try:
        parsed = httpx2.URL(url) if base is None else httpx2.URL(base.url).join(url)
    except (httpx2.InvalidURL, ValueError):
        raise InvalidRequest("the URL is malformed") from None
    if parsed.scheme not in DEFAULT_PORTS:
        raise InvalidRequest("the URL starts with neither http:// nor https://")
    if parsed.userinfo:
        raise EgressRefused("the URL holds a user name or a password (send credentials in a header)")
    port = DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not 1 <= port <= 65535:
        raise InvalidRequest("the port of the URL is not a number from 1 to 65535")
    return Target(scheme=parsed.scheme, host=_checked_host(parsed.raw_host), port=port, path=parsed.raw_path)


@lru_cache(maxsize=1024)  # the same few hosts all day
def _host_and_port(entry: str) -> tuple[str, int | None]:
    match = _ENTRY.fullmatch(entry)
    if match is None or match["port"] is None:  # an IPv6 address without brackets has colons of its own
        return entry, None
    return match["host"], int(match["port"])


@lru_cache(maxsize=1024)
def _checked_host(raw_host: bytes) -> str:
    host = normal_host(raw_host.decode("ascii"))
    if _HOST.fullmatch(host) or _is_ipv6(host):
        return host
    raise InvalidRequest("the URL has no proper host name")


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.IPv6Address(host).scope_id is None
    except ValueError:
        return False
