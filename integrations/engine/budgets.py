"""Rate budgets: spreads calls over time by one timestamp, as pure arithmetic.

`paid_until` is when all calls so far would have come in, had they come at an even pace. Each call moves it on by one
interval; a call may be made once it is no more than a whole period's worth ahead of the time.

Source: the generic cell rate algorithm (GCRA), ITU-T I.371 annex A, in its "virtual scheduling" form.
"""

from __future__ import annotations

import datetime as dt

from integrations.definitions.rate_limit import RateLimit


def reserve(limit: RateLimit, *, paid_until: dt.datetime | None, now: dt.datetime) -> tuple[dt.datetime, float]:
    """Return the new `paid_until`, and in how many seconds the call may be made that is thereby paid for.

    A place in the future is this call's own: those who ask later get later ones, and nobody asks twice.
    """
    from_ = max(paid_until or now, now)
    delay = (from_ - now).total_seconds() - _burst_seconds(limit)
    return from_ + dt.timedelta(seconds=_interval(limit)), max(delay, 0.0)


def push_back(limit: RateLimit, *, paid_until: dt.datetime | None, now: dt.datetime, seconds: float) -> dt.datetime:
    """Return the new `paid_until` after the API itself has asked for no call within `seconds`."""
    asked = now + dt.timedelta(seconds=seconds + _burst_seconds(limit))
    return max(paid_until or asked, asked)


def _interval(limit: RateLimit) -> float:
    return limit.period / limit.limit


def _burst_seconds(limit: RateLimit) -> float:
    """Return how far ahead of an even pace calls may be: a full burst but for the call itself."""
    return limit.period - _interval(limit)
