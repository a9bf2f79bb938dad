"""The one client for every connection to the outside: checked, bounded in time and size, bent by no environment."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpcore2

from integrations.connectors.egress.connections import BODILESS_STATUSES
from integrations.connectors.egress.decompression import Body
from integrations.connectors.egress.errors import (
    ConnectionBroken,
    ConnectionFailed,
    ConnectTimeout,
    EgressError,
    NameNotResolved,
    ReadTimeout,
    ResponseTooLarge,
    TooManyRedirects,
    TotalTimeout,
)
from integrations.connectors.egress.failures import Progress, as_egress_errors
from integrations.connectors.egress.headers import received_headers, wire_headers
from integrations.connectors.egress.messages import EgressRequest, EgressResponse, Headers, Timeouts, header_values
from integrations.connectors.egress.network import CheckedSockets, Resolver, resolve_by_system
from integrations.connectors.egress.policy import EgressPolicy
from integrations.connectors.egress.pool import DEFAULT_LIMITS, ConnectionPool, EgressLimits
from integrations.connectors.egress.redirects import MAX_REDIRECTS, Hop, first_hop, next_hop, redirect_location
from integrations.connectors.egress.tls import trusting_context

_MOST_SECONDS_FOR_ERRORS = 5.0


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
        sockets = CheckedSockets(policy=policy, resolver=resolver)
        self._pool = ConnectionPool(sockets=sockets, tls=tls or trusting_context(), limits=limits)

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
            EgressError: there is no answer, or one that is not let in whole. What had come of it until then is the
                error's `answer`: the status may say more than what is wrong with the body.
        """
        hop = first_hop(request)
        trip = _Trip(request=request, progress=Progress(place=hop.target.place))
        try:
            async with asyncio.timeout(request.timeouts.total_seconds):
                return await self._follow(hop, trip)
        except TimeoutError:  # only ever the line above: `_exchange` lets no other out
            raise trip.explained(trip.too_late()) from None
        except EgressError as error:
            raise trip.explained(error) from None

    async def _follow(self, hop: Hop, trip: _Trip) -> EgressResponse:
        own, request = hop.target, trip.request
        while True:
            hop.target.refuse_unless_allowed(request.allowed_hosts or (own.host,), own=own)
            trip.begin(hop)
            body = b""
            try:
                body = await self._exchange(hop, request, trip.progress)
            except EgressError:
                if trip.location is None:
                    raise
            location = trip.location
            if location is None:
                return trip.answer(body)
            if trip.redirects == MAX_REDIRECTS:
                raise TooManyRedirects(f"more than {MAX_REDIRECTS} redirects, the last one from {hop.target.place}")
            hop = next_hop(hop, status=trip.progress.status, location=location)

    async def _exchange(self, hop: Hop, request: EgressRequest, progress: Progress) -> bytes:
        """Return the body of the answer to one request; the head is in `progress`, of an answer with a bad body too."""
        wire = _wire_request(hop, request.timeouts)
        seconds = request.timeouts.connect_seconds
        with as_egress_errors(progress):
            async with self._pool.connected(hop.target, seconds=seconds) as connection:
                progress.stream = connection.socket_stream
                response = await connection.send(wire)
                try:
                    progress.has_answer(response.status, received_headers(response.headers))
                    return await _read_in_time(response, hop, progress, request)
                finally:
                    await response.aclose()


@dataclass(slots=True)
class _Trip:
    """One call on its way over redirects."""

    request: EgressRequest
    progress: Progress
    redirects: int = -1
    url: str = ""
    started: float = field(default_factory=time.perf_counter)

    def begin(self, hop: Hop) -> None:
        self.redirects += 1
        self.progress = Progress(place=hop.target.place)
        self.url = hop.target.url

    @property
    def location(self) -> str | None:
        """Where the answer leads, None if it is the one that was asked for."""
        if not self.request.follow_redirects:
            return None
        return redirect_location(status=self.progress.status, headers=self.progress.headers)

    def answer(self, body: bytes = b"") -> EgressResponse:
        return EgressResponse(
            status=self.progress.status,
            headers=self.progress.headers,
            body=body,
            url=self.url,
            duration_ms=round((time.perf_counter() - self.started) * 1000, 3),
            redirects=self.redirects,
        )

    def too_late(self) -> TotalTimeout:
        return TotalTimeout(
            f"{self.progress.place}: not finished within {self.request.timeouts.total_seconds:g} seconds"
        )

    def explained(self, error: EgressError) -> EgressError:
        """Return the error with what had come of an answer, and told apart from one that came before it was sent.

        What a redirect leads to may be out of reach, but the redirect itself was an answer.
        """
        if self.progress.status and self.location is None:
            error.answer = self.answer()
        if self.redirects > 0 and isinstance(error, (NameNotResolved, ConnectTimeout, ConnectionFailed)):
            return ConnectionBroken(f"{error.message} (after a redirect)")
        if isinstance(error, TotalTimeout) and self.redirects <= 0 and not self.progress.has_sent:
            return ConnectTimeout(error.message)
        return error


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


async def _read_in_time(response: httpcore2.Response, hop: Hop, progress: Progress, request: EgressRequest) -> bytes:
    """Return the body; that of an error is not waited for as long, since its status says enough."""
    read = _read_body(response, hop.method, progress.headers, request.max_response_bytes)
    if progress.status < 400:
        return await read
    try:
        async with asyncio.timeout(min(_MOST_SECONDS_FOR_ERRORS, request.timeouts.total_seconds / 2)):
            return await read
    except TimeoutError:
        raise ReadTimeout(f"{progress.place}: the body of the error did not end in time") from None


async def _read_body(response: httpcore2.Response, method: str, headers: Headers, max_bytes: int) -> bytes:
    if method == "HEAD" or response.status in BODILESS_STATUSES:  # their headers speak of what another answer holds
        headers = ()
    announced = next(header_values(headers, "Content-Length"), "0")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise ResponseTooLarge(f"the response is larger than {max_bytes} bytes")
    body = Body(encoding=", ".join(header_values(headers, "Content-Encoding")), max_bytes=max_bytes)
    async for chunk in response.aiter_stream():
        body.add(chunk)
    return body.finish()
