"""Turns what the libraries below raise into our own errors, so that no other exception leaves this folder."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpcore2

from integrations.connectors.egress.errors import (
    ConnectionBroken,
    ConnectionFailed,
    ConnectTimeout,
    EgressError,
    ProtocolFailed,
    ReadTimeout,
    TlsFailed,
)
from integrations.connectors.egress.messages import Headers
from integrations.connectors.egress.sockets import SocketStream

_LIBRARY_ERRORS = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError)


@dataclass(slots=True)
class Progress:
    """How far one request has come, by which its failures are told apart."""

    #: Host and port, for messages.
    place: str
    stream: SocketStream | None = None
    #: Of the answer, 0 until its head is there.
    status: int = 0
    headers: Headers = ()

    @property
    def has_sent(self) -> bool:
        """Whether some of the request has left, so that it may be acted on."""
        return self.stream is not None and self.stream.has_sent

    def has_answer(self, status: int, headers: Headers) -> None:
        """Take note of the answer's head.

        Raises:
            ProtocolFailed: it is none that a request of ours asks for.
        """
        if status < 200:
            raise ProtocolFailed(f"{self.place} switched to another protocol, which was not asked for")
        self.status, self.headers = status, headers


@contextmanager
def as_egress_errors(progress: Progress) -> Iterator[None]:
    """Within this block, library errors become EgressErrors that name the place (host and port).

    `from None`: h11 quotes what it received in its messages, and that has no business in a traceback of ours.
    """
    try:
        yield
    except _LIBRARY_ERRORS as error:
        raise (_broken if progress.has_sent else _unsent)(error, progress) from None


def _unsent(error: Exception, progress: Progress) -> EgressError:
    """Return the error of a request of which nothing has left."""
    place = progress.place
    tls = _tls_error(error)
    if tls is not None:
        return TlsFailed(f"{place}: {_tls_reason(tls)}")
    if isinstance(error, httpcore2.TimeoutException):
        return ConnectTimeout(f"{place}: no connection was made in time")
    if isinstance(error, httpcore2.ConnectError):
        return ConnectionFailed(f"{place}: the connection could not be made{_system_reason(error)}")
    return ConnectionFailed(f"{place}: the connection was closed before anything was sent")


def _broken(error: Exception, progress: Progress) -> EgressError:
    """Return the error of a request that has left, in part at least."""
    place = progress.place
    tls = _tls_error(error)
    if tls is not None and not progress.status:
        return TlsFailed(f"{place}: {_tls_reason(tls)}")
    if isinstance(error, httpcore2.TimeoutException):
        return ReadTimeout(f"{place}: nothing was sent or received for too long")
    if isinstance(error, httpcore2.ProtocolError):
        if not _is_early_end(error):
            return ProtocolFailed(f"{place}: the answer is not proper HTTP")
        return ConnectionBroken(f"{place}: the connection was closed before the answer was complete")
    return ConnectionBroken(f"{place}: the connection broke")


def _is_early_end(error: httpcore2.ProtocolError) -> bool:
    """h11 and httpcore2 have no class of their own for this, only these sentences."""
    return any(word in str(error) for word in ("disconnected", "peer closed", "peer unexpectedly closed"))


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    return next((each for each in _chain(error) if isinstance(each, ssl.SSLError)), None)


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    return f"no TLS connection could be made ({(error.reason or 'unknown reason').lower().replace('_', ' ')})"


def _system_reason(error: BaseException) -> str:
    """The operating system's word for it, such as "connection refused", in brackets."""
    # Not `strerror`: asyncio puts a sentence of its own there, with the address in it.
    numbers = (each.errno for each in _chain(error) if isinstance(each, OSError))
    return next((f" ({os.strerror(number).lower()})" for number in numbers if number), "")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield `error` and what led to it; httpcore2 raises `from None`, so the context is looked at too."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
