"""Where a redirect leads, and what of the request goes along.

Source: RFC 9110 sections 15.4 (which statuses change the method) and 17.16.1 (what must not travel on).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from integrations.connectors.egress.errors import EgressRefused, InvalidRequest
from integrations.connectors.egress.headers import checked_headers, checked_method
from integrations.connectors.egress.messages import EgressRequest, Headers, header_values
from integrations.connectors.egress.targets import Target, parse_target

MAX_REDIRECTS = 3
_STATUSES = frozenset({301, 302, 303, 307, 308})
_SECRET_HEADERS = frozenset({"authorization", "cookie", "x-api-key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One request on the way to the final answer."""

    method: str
    target: Target
    headers: Headers = field(repr=False)
    body: bytes | None = field(repr=False)
    #: Lower case names of the headers that stay with the origin they were meant for.
    secret_headers: frozenset[str]

    @property
    def has_secret_header(self) -> bool:
        return any(name.lower() in self.secret_headers for name, _ in self.headers)


def first_hop(request: EgressRequest) -> Hop:
    """Return `request` as it is first sent, checked."""
    return Hop(
        method=checked_method(request.method),
        target=parse_target(request.url),
        headers=checked_headers(request.headers),
        body=request.body,
        secret_headers=_SECRET_HEADERS | {name.lower() for name in request.secret_headers},
    )


def redirect_location(*, status: int, headers: Headers) -> str | None:
    """Return where a response sends us, or None if it does not."""
    return next(header_values(headers, "Location"), None) if status in _STATUSES else None


def next_hop(hop: Hop, *, status: int, location: str) -> Hop:
    """Return the request that follows `hop`.

    Raises:
        EgressRefused: it leads to something that is not http or https, from https to http with secrets, or to another
            origin with a body, which may hold anything.
    """
    target = _redirect_target(hop, location)
    method = _next_method(status=status, method=hop.method)
    keeps_body = method == hop.method
    body = hop.body if keeps_body else None
    # A body counts as a secret, since it may hold a login.
    if (hop.target.scheme, target.scheme) == ("https", "http") and (hop.has_secret_header or body is not None):
        raise EgressRefused(f"{hop.target.place} redirects a request with credentials from https to http")
    if body and target.origin != hop.target.origin:
        raise EgressRefused(
            f"{hop.target.place} redirects a request with a body to another origin"
            " (if it is meant to be called there, that is its base URL)"
        )
    dropped = set() if keeps_body else _content_headers(hop.headers)
    if target.origin != hop.target.origin:
        dropped |= hop.secret_headers
    headers = tuple((name, value) for name, value in hop.headers if name.lower() not in dropped)
    return replace(hop, method=method, target=target, headers=headers, body=body)


def _redirect_target(hop: Hop, location: str) -> Target:
    try:
        return parse_target(location, base=hop.target)
    except InvalidRequest:
        raise EgressRefused(f"{hop.target.place} redirects to something that is not an http or https URL") from None


def _next_method(*, status: int, method: str) -> str:
    if status == 303 and method != "HEAD":
        return "GET"
    return "GET" if status in {301, 302} and method == "POST" else method


def _content_headers(headers: Headers) -> set[str]:
    """Headers that describe a body which is no longer sent."""
    return {name.lower() for name, _ in headers if name.lower().startswith("content-")} | {"digest", "last-modified"}
