"""The one client for every connection to the outside: checked, bounded in time and size, bent by no environment."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from types import TracebackType
from typing import Self

import httpcore2

from integrations.connectors.egress.decompression import Body
from integrations.connectors.egress.errors import ProtocolFailed, ResponseTooLarge, TooManyRedirects, TotalTimeout
from integrations.connectors.egress.failures import as_egress_errors
from integrations.connectors.egress.headers import received_headers, wire_headers
from integrations.connectors.egress.messages import EgressRequest, EgressResponse, Headers, Timeouts, header_values
from integrations.connectors.egress.network import CheckedBackend, Resolver, resolve_by_system
from integrations.connectors.egress.policy import EgressPolicy
from integrations.connectors.egress.pool import DEFAULT_LIMITS, ConnectionPool, EgressLimits
from integrations.connectors.egress.redirects import MAX_REDIRECTS, Hop, first_hop, next_hop, redirect_location
from integrations.connectors.egress.tls import trusting_context


class EgressClient:
    """Sends requests over kept-alive connections; made, used and closed within one event loop.

        async with EgressClient(policy=policy) as client:
            response = await client.send(EgressRequest(method="GET", url="https://api.example.com/v1/orders"))

    Cookies are not kept, proxies and environment variables are not looked at. A pooled connection belongs to one
    scheme, host and port, was checked when it was made, and each call's allowed hosts are checked before it is used.
    """

    def __init__(
        self,
        *,
        policy: EgressPolicy,
        limits: EgressLimits = DEFAULT_LIMITS,
        resolver: Resolver = resolve_by_system,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        backend = CheckedBackend(policy=policy, resolver=resolver)
        self._pool = ConnectionPool(backend=backend, tls=tls or trusting_context(), limits=limits)

    async def __aenter__(self) -> Self:
        # At DEBUG httpcore2 logs the headers of responses, cookies included.
        logging.getLogger("httpcore2").setLevel(logging.INFO)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._pool.aclose()

    async def send(self, request: EgressRequest) -> EgressResponse:
        """Return the answer to `request`, whatever its status.

        Raises:
            EgressError: there is no answer, or one that is not let in.
        """
        hop = first_hop(request)
        try:
            async with asyncio.timeout(request.timeouts.total_seconds):
                return await self._follow(hop, request)
        except TimeoutError:  # only ever the line above: `_exchange` lets no other out
            seconds = request.timeouts.total_seconds
            raise TotalTimeout(f"{hop.target.place}: not finished within {seconds:g} seconds") from None

    async def _follow(self, hop: Hop, request: EgressRequest) -> EgressResponse:
        started = time.perf_counter()
        allowed_hosts = request.allowed_hosts or (hop.target.host,)
        for redirects in range(MAX_REDIRECTS + 1):
            hop.target.refuse_unless_allowed(allowed_hosts)
            status, headers, body = await self._exchange(hop, request)
            location = redirect_location(status=status, headers=headers) if request.follow_redirects else None
            if location is None:
                return EgressResponse(
                    status=status,
                    headers=headers,
                    body=body,
                    url=hop.target.url,
                    duration_ms=round((time.perf_counter() - started) * 1000, 3),
                    redirects=redirects,
                )
            hop = next_hop(hop, status=status, location=location)
        raise TooManyRedirects(f"more than {MAX_REDIRECTS} redirects, the last one to {hop.target.place}")

    async def _exchange(self, hop: Hop, request: EgressRequest) -> tuple[int, Headers, bytes]:
        wire = _wire_request(hop, request.timeouts)
        with as_egress_errors(hop.target.place):
            seconds = request.timeouts.connect_seconds
            async with self._pool.answer(wire, target=hop.target, seconds=seconds) as response:
                headers = received_headers(response.headers)
                _refuse_early(response, hop=hop, headers=headers, max_bytes=request.max_response_bytes)
                return response.status, headers, await _read_body(response, headers, request.max_response_bytes)


def _wire_request(hop: Hop, timeouts: Timeouts) -> httpcore2.Request:
    target = hop.target
    return httpcore2.Request(
        hop.method,
        httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path),
        headers=wire_headers(method=hop.method, authority=target.authority, headers=hop.headers, body=hop.body),
        content=hop.body,
        extensions={
            "timeout": {
                "connect": timeouts.connect_seconds,
                "read": timeouts.read_seconds,
                "write": timeouts.read_seconds,
            }
        },
    )


def _refuse_early(response: httpcore2.Response, *, hop: Hop, headers: Headers, max_bytes: int) -> None:
    """Raise for an answer that is not worth reading."""
    if response.status < 200:
        raise ProtocolFailed(f"{hop.target.place} switched to another protocol, which nobody asked for")
    announced = next(header_values(headers, "Content-Length"), "0")
    if hop.method != "HEAD" and announced.isdecimal() and int(announced) > max_bytes:
        raise ResponseTooLarge(f"the response is larger than {max_bytes} bytes")


async def _read_body(response: httpcore2.Response, headers: Headers, max_bytes: int) -> bytes:
    body = Body(encoding=", ".join(header_values(headers, "Content-Encoding")), max_bytes=max_bytes)
    async for chunk in response.aiter_stream():
        body.add(chunk)
    return body.finish()
