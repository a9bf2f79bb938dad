"""Builds the request that goes out from plain values that are already resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations.connectors.egress import EgressRequest, Timeouts
from integrations.connectors.egress.messages import DEFAULT_MAX_RESPONSE_BYTES, DEFAULT_TIMEOUTS, Headers
from integrations.connectors.http.bodies import encode_body
from integrations.connectors.http.urls import build_url
from integrations.connectors.http.values import flat_pairs
from integrations.types import Json

#: Where an empty object means that there is nothing to send.
_USUALLY_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


def build_request(
    *,
    base_url: str,
    method: str,
    resource: str,
    request_type: str = "json",
    params: Mapping[str, Json] | None = None,
    query: Mapping[str, Json] | None = None,
    headers: Mapping[str, Json] | None = None,
    body: Json = None,
    allowed_hosts: tuple[str, ...] = (),
    secret_headers: Iterable[str] = (),
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES,
    follow_redirects: bool = True,
) -> EgressRequest:
    """Return the request for `resource` below `base_url`.

    In `query`, `headers` and form bodies a list repeats its name and None is left out. `body` is what `request_type`
    says: any JSON, an object of names and values for `form` and `multipart`, text for `text` and `xml`; None sends no
    body, and neither does `{}` with a GET, HEAD, DELETE or OPTIONS. A Content-Type among `headers` wins over the
    type's own, except for multipart, whose boundary nobody else knows.

    Raises:
        InvalidRequest: a value is missing or does not fit its place, which the message names.
    """
    content, body_headers = _body(body, method=method.upper(), request_type=request_type)
    return EgressRequest(
        method=method,
        url=build_url(base_url=base_url, resource=resource, params=params or {}, query=query or {}),
        headers=_merged(tuple(flat_pairs(headers or {}, place="headers")), body_headers, request_type),
        body=content,
        allowed_hosts=allowed_hosts,
        secret_headers=frozenset(name.lower() for name in secret_headers),
        timeouts=timeouts,
        max_response_bytes=max_response_bytes,
        follow_redirects=follow_redirects,
    )


def _body(body: Json, *, method: str, request_type: str) -> tuple[bytes | None, Headers]:
    if body is None or (body == {} and method in _USUALLY_WITHOUT_BODY):
        return None, ()
    content, content_type = encode_body(body, request_type=request_type)
    return content, (("Content-Type", content_type),)


def _merged(headers: Headers, body_headers: Headers, request_type: str) -> Headers:
    has_own_type = any(name.lower() == "content-type" for name, _ in headers)
    if request_type == "multipart" and body_headers:
        return (*(pair for pair in headers if pair[0].lower() != "content-type"), *body_headers)
    return headers if has_own_type else (*headers, *body_headers)
