"""What can go wrong on the way out.

    ConnectorError
    └─ EgressError
       ├─ InvalidRequest     invalid_request      the request cannot be sent as it is
       ├─ EgressRefused      egress_refused       a rule of ours forbids it
       ├─ NameNotResolved    name_not_resolved    retryable; before anything was sent
       ├─ ConnectionFailed   connection_failed    retryable; refused or closed before anything was sent
       ├─ ConnectTimeout     connect_timeout      retryable; before anything was sent
       ├─ ConnectionBroken   connection_broken    retryable; reset or closed before the answer was complete
       ├─ ReadTimeout        read_timeout         retryable; silent before the answer was complete
       ├─ TotalTimeout       total_timeout        retryable; too slow
       ├─ TlsFailed          tls_failed
       ├─ ProtocolFailed     protocol_failed      what came back is not HTTP, or not the encoding it claims
       ├─ ResponseTooLarge   response_too_large
       └─ TooManyRedirects   too_many_redirects

Messages name a host and a port at most: never a path, a query, userinfo, a header or a piece of a body. Codes tell a
request that never left from one that may have been carried out: `engine.retry` says what follows from that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from integrations.errors import ConnectorError

if TYPE_CHECKING:
    from integrations.connectors.egress.messages import EgressResponse


class EgressError(ConnectorError):
    """Nothing usable came back from outside."""

    CODE: ClassVar[str] = "egress_failed"
    RETRYABLE: ClassVar[bool] = False
    #: What had come of the answer, without its body: None if its head had not.
    answer: EgressResponse | None = None

    def __init__(self, message: str = "") -> None:
        super().__init__(message, code=self.CODE, retryable=self.RETRYABLE)


class InvalidRequest(EgressError):
    """The request cannot be sent as it is."""

    CODE = "invalid_request"


class EgressRefused(EgressError):
    """The connection is not allowed by the egress rules."""

    CODE = "egress_refused"


class NameNotResolved(EgressError):
    """The host name has no address."""

    CODE = "name_not_resolved"
    RETRYABLE = True


class ConnectionFailed(EgressError):
    """The connection could not be made."""

    CODE = "connection_failed"
    RETRYABLE = True


class ConnectTimeout(EgressError):
    """No connection was made in time."""

    CODE = "connect_timeout"
    RETRYABLE = True


class ConnectionBroken(EgressError):
    """The connection broke after the request, or a part of it, had been sent."""

    CODE = "connection_broken"
    RETRYABLE = True


class ReadTimeout(EgressError):
    """The other side went silent."""

    CODE = "read_timeout"
    RETRYABLE = True


class TotalTimeout(EgressError):
    """The whole exchange took longer than it may."""

    CODE = "total_timeout"
    RETRYABLE = True


class TlsFailed(EgressError):
    """No trusted TLS connection could be made."""

    CODE = "tls_failed"


class ProtocolFailed(EgressError):
    """What came back is not proper HTTP."""

    CODE = "protocol_failed"


class ResponseTooLarge(EgressError):
    """The response is larger than it may be."""

    CODE = "response_too_large"


class TooManyRedirects(EgressError):
    """The redirects do not end."""

    CODE = "too_many_redirects"
