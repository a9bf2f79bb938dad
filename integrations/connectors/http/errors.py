"""What an API's own answer can be that is not what was asked for."""

from __future__ import annotations

from integrations.errors import ConnectorError
from integrations.types import Json

#: Source: RFC 9110 sections 15.5.9, 15.6; RFC 6585 section 4.
RETRYABLE_STATUSES = frozenset({408, 429, *range(500, 600)})


class HttpStatusError(ConnectorError):
    """The API answered with a status that does not count as success. `code` is `http_<status>`."""

    def __init__(
        self, message: str, *, status: int, body: Json = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(
            message,
            code=f"http_{status}",
            retryable=status in RETRYABLE_STATUSES,
            retry_after_seconds=retry_after_seconds,
        )
        self.status = status
        self.body = body


class UnexpectedBody(ConnectorError):
    """The API answered with success, but not with what its definition says it answers."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="bad_response")


class AuthFailed(ConnectorError):
    """No token could be had, so the call that needs it was not sent; retryable if the login may work later."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message, code="auth_failed", retryable=retryable)
