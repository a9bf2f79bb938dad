"""Whether a failed attempt is followed by another one, and how long after: pure decisions over policies.

A call that is idempotent (by its method, RFC 9110 section 9.2.2, or because its action says so) is repeated after
everything that may pass. One that is not (POST, PATCH) carries an idempotency key, but not every API minds it; so it is
repeated only where it was not carried out, as far as anybody can know:

    what happened                                    code                            idempotent   not idempotent
    -----------------------------------------------  ------------------------------  -----------  ------------------
    the app is not called, its circuit is open       circuit_open                    repeated     repeated
    no token or login, so nothing was sent           auth_failed (retryable)         repeated     repeated
    the host name was not found                      name_not_resolved               repeated     repeated
    no connection: refused, unreachable, closed      connection_failed               repeated     repeated
    before a byte of the request had left
    no connection in time                            connect_timeout                 repeated     repeated
    the API asks for it by its status                http_408, http_429, http_5xx    repeated     repeated
    the event's or the app's policy names the status http_<status>                   as it says   as it says
    -----------------------------------------------  ------------------------------  -----------  ------------------
    the connection broke once a byte had left: with  connection_broken               repeated     not repeated
    no answer, in its head, or in its body
    the answer did not come, or end, in time         read_timeout, total_timeout,    repeated     not repeated
                                                     timeout
    what a redirect leads to is out of reach         connection_broken               repeated     not repeated
    -----------------------------------------------  ------------------------------  -----------  ------------------
    any other status; a successful answer that is    http_<status>, bad_response,    not repeated not repeated
    not usable: too large, not what it says it is    response_too_large,
                                                     protocol_failed
    the request is refused, or TLS is                egress_refused, tls_failed, …   not repeated not repeated

A status decides whatever is wrong with the body that came with it. An attempt during which its worker died has no
error: it is made again with the same idempotency key, whatever it calls.

Source: RFC 9110 sections 9.2.2 and 10.2.3; "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from integrations.definitions.retry import RetryPolicy, StatusRetry
from integrations.engine.records import StepError

#: What a Retry-After may ask for at most.
LONGEST_RETRY_AFTER_SECONDS = 24 * 3600.0
#: Failures of calls of which no byte has left.
UNSENT = frozenset({"auth_failed", "circuit_open", "connect_timeout", "connection_failed", "name_not_resolved"})
_RETRYABLE_STATUSES = frozenset({408, 429})
_HTTP_CODE = re.compile(r"http_([1-5][0-9]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRules:
    """How one event is retried: its own policy in front of its app's."""

    #: Retries after the first attempt.
    count: int = 0
    event_policy: RetryPolicy | None = None
    app_policy: RetryPolicy | None = None
    #: Whether calling twice is the same as calling once.
    is_idempotent: bool = True

    @classmethod
    def of(
        cls,
        *,
        retries: int | None,
        event_policy: RetryPolicy | None,
        app_policy: RetryPolicy | None = None,
        is_idempotent: bool = True,
    ) -> RetryRules:
        """Return the rules of an event: its `retries` (0 is none, whatever the app says), else its policy's max, …"""
        maxima = [policy.max for policy in (event_policy, app_policy) if policy is not None]
        count = next((each for each in (retries, *maxima) if each is not None), 0)
        return cls(count=count, event_policy=event_policy, app_policy=app_policy, is_idempotent=is_idempotent)

    @property
    def backoff(self) -> RetryPolicy:
        return self.event_policy or self.app_policy or RetryPolicy()

    def for_status(self, status: int | None) -> StatusRetry | None:
        policies = (policy for policy in (self.event_policy, self.app_policy) if policy is not None)
        return next(filter(None, (policy.for_status(status) for policy in policies)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    delay_seconds: float
    #: Why it is tried again then: a sentence for the step's record.
    reason: str


def decide(
    *,
    error: StepError,
    attempt: int,
    rules: RetryRules,
    used: int,
    random: Callable[[], float],
    retry_after_seconds: float | None = None,
) -> RetryDecision | None:
    """Return when attempt number `attempt` (from 1), which failed with `error`, is followed by another; None is never.

    `used` counts the retries that this error's code has had already, for a status with a limit of its own. The wait
    is what Retry-After asks for (up to 24 hours), else the status's own lag, else full jitter: evenly from 0 to the
    policy's backoff. `random` draws from [0, 1).
    """
    status = status_of(error.code)
    own = rules.for_status(status)
    if attempt > rules.count or not _is_worth_it(error, status, own, used, rules):
        return None
    retry = f"retry {attempt} of {rules.count}"
    if retry_after_seconds is not None:
        delay = min(max(retry_after_seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)
        why = "when its circuit may let a call through" if error.code == "circuit_open" else "as Retry-After asks"
        return RetryDecision(delay_seconds=delay, reason=f"{retry} in {round(delay, 1):g} s, {why}")
    delay = own.lag / 1000 if own and own.lag is not None else _jittered(rules.backoff, attempt, random)
    return RetryDecision(delay_seconds=delay, reason=f"{retry} in {delay:.3g} s")


def status_of(code: str) -> int | None:
    """Return the HTTP status that an error code such as `http_503` stands for, or None."""
    match = _HTTP_CODE.fullmatch(code)
    return int(match.group(1)) if match else None


def _is_worth_it(error: StepError, status: int | None, own: StatusRetry | None, used: int, rules: RetryRules) -> bool:
    if own is not None:
        return used < own.available
    if status is not None:
        return status in _RETRYABLE_STATUSES or status >= 500
    return error.retryable and (rules.is_idempotent or error.code in UNSENT)


def _jittered(policy: RetryPolicy, attempt: int, random: Callable[[], float]) -> float:
    return random() * min(policy.longest, policy.delay * policy.factor ** (attempt - 1))
