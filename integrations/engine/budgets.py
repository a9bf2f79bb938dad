"""Rate budgets: spreads calls over time by two timestamps, as pure arithmetic.

Each says when all calls so far would have come in, had they come at an even pace, and each call moves it on by one
interval: `paid_until` as a call takes its place, which may be far ahead, and `sent_until` as it is made. A place comes
once `paid_until` is no more than a burst ahead of the time, a burst being what a whole period allows.

Whoever has a place may come late for it, after hours even, and finds it kept as long as `sent_until` is no more than
two bursts ahead. So however many come late at the same time, in any stretch of time at most one burst more is sent
than the budget allows: within T seconds, 2 * limit + T * limit / period. Over a longer time that is the budget, since
late calls, too, have been paid for.

Source: the generic cell rate algorithm (GCRA), ITU-T I.371 annex A, in its "virtual scheduling" form.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from integrations.definitions.rate_limit import RateLimit


class Budget(NamedTuple):
    """What is spoken for of a budget. As long as nobody has called, `paid_until` is any time that is past."""

    paid_until: dt.datetime
    sent_until: dt.datetime | None = None


def reserve(
    limit: RateLimit, budget: Budget, *, now: dt.datetime, has_place: bool = False, patience_seconds: float = 0.0
) -> tuple[Budget, float]:
    """Return the budget as it is then, and in how many seconds the call may be made.

    When that is no more than `patience_seconds`, it counts as made then. Else it is a place in the future, this call's
    own: those who ask later get later ones. Whoever has come back at or after it says that it `has_place`; if too many
    of those are here at the same time, that is a new place at the end.
    """
    sent_until = max(budget.sent_until or now, now)
    if has_place:
        delay = _seconds_until(sent_until, now, ahead=_burst_seconds(limit) + limit.period)
        if delay <= patience_seconds:
            return budget._replace(sent_until=_sent(limit, sent_until, now, delay)), delay
    from_ = max(budget.paid_until, sent_until)
    delay = _seconds_until(from_, now, ahead=_burst_seconds(limit))
    budget = budget._replace(paid_until=from_ + _interval(limit))
    if delay <= patience_seconds:
        budget = budget._replace(sent_until=_sent(limit, sent_until, now, delay))
    return budget, delay


def push_back(limit: RateLimit, budget: Budget, *, now: dt.datetime, seconds: float) -> Budget:
    """Return the budget after the API itself has asked for no call within `seconds`; places that are taken stay."""
    asked = now + dt.timedelta(seconds=seconds + _burst_seconds(limit))
    return budget._replace(paid_until=max(budget.paid_until, asked))


def _seconds_until(paid: dt.datetime, now: dt.datetime, *, ahead: float) -> float:
    """Return when a timestamp will be no more than `ahead` seconds ahead of the time, in seconds from now."""
    return max((paid - now).total_seconds() - ahead, 0.0)


def _sent(limit: RateLimit, sent_until: dt.datetime, now: dt.datetime, delay: float) -> dt.datetime:
    return max(sent_until, now + dt.timedelta(seconds=delay)) + _interval(limit)


def _interval(limit: RateLimit) -> dt.timedelta:
    return dt.timedelta(seconds=limit.period / limit.limit)


def _burst_seconds(limit: RateLimit) -> float:
    """Return how far ahead of an even pace calls may be: a full burst but for the call itself."""
    return limit.period - limit.period / limit.limit
