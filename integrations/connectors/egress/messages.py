"""What is asked of the outside and what comes back: frozen values that never show their secrets when printed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

DEFAULT_MAX_RESPONSE_BYTES = 5_000_000

#: Name and value, in order; a name may come more than once.
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    #: For finding the address, connecting, and waiting for a free connection.
    connect_seconds: float = 10.0
    #: The longest silence while sending or receiving.
    read_seconds: float = 30.0
    #: For everything together, redirects included.
    total_seconds: float = 60.0


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressRequest:
    """One call to the outside.

    `Host`, `Content-Length` and the like are not among `headers`: the client writes them.
    """

    method: str
    url: str = field(repr=False)
    headers: Headers = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    #: Names, `*.example.com` for all below one, that this call and its redirects may reach, with `:port` for one that
    #: is neither 80 nor 443 nor the URL's own. Empty: the URL's own host.
    allowed_hosts: tuple[str, ...] = ()
    #: Names of headers that hold secrets besides Authorization and Cookie: left out once a redirect changes the origin.
    secret_headers: frozenset[str] = frozenset()
    timeouts: Timeouts = DEFAULT_TIMEOUTS
    #: Counted after decompression, and before it.
    max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES
    follow_redirects: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressResponse:
    """What came back: any status, 4xx and 5xx too, with the body decompressed."""

    status: int
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    #: Where it came from, after redirects.
    url: str = field(default="", repr=False)
    duration_ms: float = 0.0
    redirects: int = 0

    def header(self, name: str) -> str | None:
        """Return the value of the header `name` in any case; several are joined with commas (RFC 9110 section 5.3)."""
        values = list(header_values(self.headers, name))
        return ", ".join(values) if values else None


def header_values(headers: Headers, name: str) -> Iterator[str]:
    """Yield the values of the header `name`, compared in lower case."""
    wanted = name.lower()
    return (value for key, value in headers if key.lower() == wanted)
