"""Turns what the libraries below raise into our own errors, so that no other exception leaves this folder."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import httpcore2

from integrations.connectors.egress.errors import (
    ConnectionFailed,
    ConnectTimeout,
    EgressError,
    ProtocolFailed,
    ReadTimeout,
    TlsFailed,
)

_LIBRARY_ERRORS = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    OSError,
)


@contextmanager
def as_egress_errors(place: str) -> Iterator[None]:
    """Within this block, library errors become EgressErrors that name `place` (host and port).

    `from None`: h11 quotes what it received in its messages, and that has no business in a traceback of ours.
    """
    try:
        yield
    except _LIBRARY_ERRORS as error:
        raise _egress_error(error, place) from None


def _egress_error(error: Exception, place: str) -> EgressError:
    tls = _tls_error(error)
    if tls is not None:
        return TlsFailed(f"{place}: {_tls_reason(tls)}")
    match error:
        case httpcore2.ConnectTimeout():
            return ConnectTimeout(f"{place}: no connection was made in time")
        case httpcore2.TimeoutException():
            return ReadTimeout(f"{place}: nothing was sent or received for too long")
        case httpcore2.ConnectError():
            return ConnectionFailed(f"{place}: the connection could not be made{_system_reason(error)}")
        case httpcore2.ProtocolError() if not _is_early_end(error):
            return ProtocolFailed(f"{place}: the answer is not proper HTTP")
        case httpcore2.ProtocolError():
            return ConnectionFailed(f"{place}: the connection was closed before the answer was complete")
        case _:
            return ConnectionFailed(f"{place}: the connection broke")


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
