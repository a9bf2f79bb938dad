"""What a request's headers may be, and which ones the client writes itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

from integrations.connectors.egress.errors import InvalidRequest
from integrations.connectors.egress.messages import Headers
from integrations.definitions import header_names

USER_AGENT = "ductape-console"
_METHOD = re.compile(r"[A-Z][A-Z-]{0,31}")
_UNSUPPORTED_METHODS = frozenset({"CONNECT", "TRACE"})
#: Methods that announce an empty body too (RFC 9110 section 8.6).
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
RawHeaders = list[tuple[bytes, bytes]]


def checked_method(method: str) -> str:
    """Return `method` in upper case.

    Raises:
        InvalidRequest: it is none, or one that asks for a tunnel or an echo.
    """
    method = method.upper()
    if not _METHOD.fullmatch(method) or method in _UNSUPPORTED_METHODS:
        raise InvalidRequest("the request method is not one that can be sent")
    return method


def checked_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return `headers` with spaces around values removed.

    Raises:
        InvalidRequest: a name is not a token or none that may be set, or a value holds a control character. The message
            names the header, and never its value.
    """
    return tuple((_checked_name(name), _checked_value(name, value)) for name, value in headers)


def wire_headers(*, method: str, authority: str, headers: Headers, body: bytes | None) -> RawHeaders:
    """Return all headers of a request as they are sent, `headers` already checked."""
    given = {name.lower() for name, _ in headers}
    own = [("Host", authority)]
    defaults = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": USER_AGENT}
    own += [(name, value) for name, value in defaults.items() if name.lower() not in given]
    if body is not None or method in _METHODS_WITH_BODY:
        own.append(("Content-Length", str(len(body or b""))))
    return [(name.encode("ascii"), value.encode("utf-8")) for name, value in (*own, *headers)]


def received_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1"), _received_text(value)) for name, value in raw)


def _checked_name(name: str) -> str:
    reason = header_names.refusal(name)
    if reason is not None:
        raise InvalidRequest(reason)
    return name


def _checked_value(name: str, value: str) -> str:
    if _CONTROL.search(value):
        raise InvalidRequest(f"the value of the header {name} holds a line break or another control character")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidRequest(f"the value of the header {name} holds half of a surrogate pair") from None
    return value.strip(" \t")


def _received_text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
