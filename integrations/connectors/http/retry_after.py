"""Reads how long the other side asks us to wait."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: Nobody waits longer than a day because a header says so.
LONGEST_SECONDS = 86_400.0
_SECONDS = re.compile(r"[0-9]{1,12}")


def parse_retry_after(value: str | None, *, now: datetime, longest_seconds: float = LONGEST_SECONDS) -> float | None:
    """Return the seconds that a Retry-After header asks for: 0 to `longest_seconds`, None if it says nothing usable.

    Source: RFC 9110 section 10.2.3, a number of seconds or a date.
    """
    text = (value or "").strip()
    seconds = float(text) if _SECONDS.fullmatch(text) else _seconds_until(text, now)
    return None if seconds is None else min(max(seconds, 0.0), longest_seconds)


def _seconds_until(text: str, now: datetime) -> float | None:
    try:
        date = parsedate_to_datetime(text)
        # "-0000" means UTC without a place, which Python gives without a zone.
        return ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, OverflowError, TypeError, IndexError):  # the parser below raises all of these on odd texts
        return None
