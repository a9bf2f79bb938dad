"""Formats moments by the tokens that Moment.js and Day.js made common, in English and without a locale.

Source: https://day.js.org/docs/en/display/format. `[text]` stands for itself, as does any character that is no token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.engine.comparisons import is_number, type_word
from integrations.engine.resolve_errors import ResolveError
from integrations.types import Json

MAX_FORMAT = 200  # characters

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOKEN = re.compile(r"\[([^\]]*)\]|YYYY|YY|MMMM|MMM|MM|M|dddd|ddd|DD|D|HH|H|hh|h|mm|m|SSS|ss|s|ZZ|Z|A|a|X|x")


def format_date(value: Json, pattern: str, *, zone: str = "UTC") -> str:
    """Return a moment as text.

    `value` is ISO 8601 text (UTC when it names no offset) or milliseconds since 1970.

    Raises:
        ResolveError: the value is no moment, the zone is unknown, or the pattern is too long.
    """
    if len(pattern) > MAX_FORMAT:
        raise ResolveError(f"the date format is longer than {MAX_FORMAT} characters")
    moment = _in_zone(_moment(value), _zone(zone))
    return _TOKEN.sub(lambda token: _token_text(token, moment), pattern)


def _moment(value: Json) -> datetime:
    if isinstance(value, str):
        return _from_iso(value)
    if isinstance(value, int | float) and is_number(value):
        try:
            return _EPOCH + timedelta(milliseconds=value)
        except OverflowError:
            raise ResolveError("the date is outside the years 1 to 9999") from None
    raise ResolveError(f"a date is ISO text or milliseconds, here is {type_word(value)}")


def _from_iso(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ResolveError("the text is not a date in ISO form, such as 2026-11-24T13:05:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ResolveError("the time zone is unknown; write one such as Europe/Berlin") from None


def _in_zone(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:
        raise ResolveError("the date is outside the years 1 to 9999") from None


def _token_text(token: re.Match[str], moment: datetime) -> str:
    escaped: str | None = token.group(1)
    return _WRITERS[token.group()](moment) if escaped is None else escaped


def _offset(moment: datetime, separator: str) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}{separator}{minutes:02}"


def _half(moment: datetime) -> str:
    return "AM" if moment.hour < 12 else "PM"


def _twelve(moment: datetime) -> int:
    return moment.hour % 12 or 12


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


_WRITERS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda moment: f"{moment.year:04}",
    "YY": lambda moment: f"{moment.year % 100:02}",
    "MMMM": lambda moment: _MONTHS[moment.month - 1],
    "MMM": lambda moment: _MONTHS[moment.month - 1][:3],
    "MM": lambda moment: f"{moment.month:02}",
    "M": lambda moment: f"{moment.month}",
    "dddd": lambda moment: _DAYS[moment.weekday()],
    "ddd": lambda moment: _DAYS[moment.weekday()][:3],
    "DD": lambda moment: f"{moment.day:02}",
    "D": lambda moment: f"{moment.day}",
    "HH": lambda moment: f"{moment.hour:02}",
    "H": lambda moment: f"{moment.hour}",
    "hh": lambda moment: f"{_twelve(moment):02}",
    "h": lambda moment: f"{_twelve(moment)}",
    "mm": lambda moment: f"{moment.minute:02}",
    "m": lambda moment: f"{moment.minute}",
    "SSS": lambda moment: f"{moment.microsecond // 1000:03}",
    "ss": lambda moment: f"{moment.second:02}",
    "s": lambda moment: f"{moment.second}",
    "ZZ": lambda moment: _offset(moment, ""),
    "Z": lambda moment: _offset(moment, ":"),
    "A": _half,
    "a": lambda moment: _half(moment).lower(),
    "X": lambda moment: f"{_milliseconds(moment) // 1000}",
    "x": lambda moment: f"{_milliseconds(moment)}",
}
