"""When a failed call is tried again, and how long after."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Constraint
from pydantic import NonNegativeInt, StringConstraints

from integrations.definitions.base import STATUS_PATTERN, Definition
from integrations.definitions.field import Number

Seconds = Annotated[float, Constraint(ge=0, le=30 * 24 * 3600)]
StatusCode = Annotated[str, StringConstraints(pattern=STATUS_PATTERN)]


class StatusRetry(Definition):
    """What one status code (`"429"`) or class of them (`"5xx"`) is worth."""

    #: How many of the retries this status may use; 0 never retries it.
    available: NonNegativeInt
    #: Milliseconds to wait before each of them; None leaves it to the policy's backoff.
    lag: NonNegativeInt | None = None


class RetryPolicy(Definition):
    """How often and how a call is retried.

    Without `policy`: 408, 429, 5xx and connection errors are retried, other 4xx never. The wait before the n-th retry
    is drawn evenly from 0 to `delay * factor ** (n - 1)` seconds (full jitter), at most `longest`; a Retry-After wins.
    Source: "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015); RFC 9110 section 10.2.3.
    """

    #: How many retries after the first attempt; None takes the next policy's (event, then app, then 0).
    max: Annotated[int, Constraint(ge=0, le=100)] | None = None
    delay: Seconds = 0.5
    factor: Annotated[Number, Constraint(ge=1, le=10)] = 2
    longest: Seconds = 60.0
    policy: dict[StatusCode, StatusRetry] = {}

    def for_status(self, status: int | None) -> StatusRetry | None:
        """Return what the policy says of this status: its own entry before that of its class."""
        if status is None:
            return None
        return self.policy.get(str(status)) or self.policy.get(f"{status // 100}xx")

    def backoff_seconds(self, retry: int) -> float:
        """Return the longest wait before the n-th retry, counted from 1."""
        return min(self.longest, self.delay * self.factor ** (retry - 1))
