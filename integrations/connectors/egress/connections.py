"""One HTTP/1.1 connection to one origin, which says exactly whether it may carry another request.

The rule (RFC 9112 sections 6.3 and 9.3): a connection that holds anything that is no part of the answer, or whose
answer leaves in doubt where it ends, is closed and never used again. If it were, one run would read what was left of
the answer to another.
"""

from __future__ import annotations

import ssl
from typing import Final

import httpcore2

from integrations.connectors.egress.network import CheckedSockets
from integrations.connectors.egress.sockets import SocketStream
from integrations.connectors.egress.targets import Target

#: Statuses whose answers have no body, whatever their headers say (RFC 9112 section 6.3).
BODILESS_STATUSES: Final = frozenset({204, 304})


class Connection(httpcore2.AsyncHTTP11Connection):
    """httpcore2's connection, with a look at what is left over when an answer has ended."""

    def __init__(self, *, origin: httpcore2.Origin, stream: SocketStream) -> None:
        super().__init__(origin=origin, stream=stream)
        self.socket_stream = stream
        self._leaves_no_doubt = False

    async def send(self, request: httpcore2.Request) -> httpcore2.Response:
        """Send a request and return the response, whose body is still to be read."""
        response = await self.handle_async_request(request)
        self._leaves_no_doubt = _leaves_no_doubt(method=request.method, response=response)
        return response

    def is_clean(self) -> bool:
        """Return whether the last answer has ended, nothing has come behind it, and the other side keeps it open."""
        # httpcore2 has no public name for its parser, which gives what it has left over to the next answer.
        is_empty = not self._h11_state.trailing_data[0] and not self.socket_stream.is_spent()
        return self.is_available() and is_empty and self._leaves_no_doubt


async def connect(target: Target, *, sockets: CheckedSockets, tls: ssl.SSLContext, seconds: float) -> Connection:
    """Return a new connection to `target`; finding it, connecting and TLS may take `seconds` each."""
    stream = await sockets.connect(target.host, target.port, seconds=seconds)
    if target.scheme == "https":
        stream = await stream.start_tls(tls, server_hostname=target.host, timeout=seconds)
    origin = httpcore2.Origin(target.scheme.encode(), target.host.encode(), target.port)
    return Connection(origin=origin, stream=stream)


def _leaves_no_doubt(*, method: bytes, response: httpcore2.Response) -> bool:
    """Return whether it is sure where the answer ends, so that the next one cannot begin in the middle of it.

    Servers that send a body where none may be, to HEAD or with a 204, mostly announce it; and of an answer with both a
    length and chunks each reader along the way may have believed another one (RFC 9112 section 6.1).
    """
    names = {name.lower(): value for name, value in response.headers}
    is_chunked, length = b"transfer-encoding" in names, names.get(b"content-length", b"0")
    if method == b"HEAD" or response.status in BODILESS_STATUSES:
        return not is_chunked and not length.strip(b" 0")
    return not (is_chunked and b"content-length" in names)
