"""Moments as text."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.engine.date_formats import format_date
from integrations.engine.resolve_errors import ResolveError
from integrations.types import Json

MOMENT = "2026-03-05T08:07:06.045Z"  # a Thursday


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("YYYY YY", "2026 26"),
        ("MMMM MMM MM M", "March Mar 03 3"),
        ("dddd ddd DD D", "Thursday Thu 05 5"),
        ("HH H hh h", "08 8 08 8"),
        ("mm m ss s SSS", "07 7 06 6 045"),
        ("A a", "AM am"),
        ("Z ZZ", "+00:00 +0000"),
        ("X x", "1772698026 1772698026045"),
        ("YYYY-MM-DDTHH:mm:ssZ", "2026-03-05T08:07:06+00:00"),
        ("[Day] D [of] [MMMM]", "Day 5 of MMMM"),
        ("[open D", "[open 5"),
        ("", ""),
    ],
)
def test_each_token_is_written(pattern: str, expected: str) -> None:
    assert format_date(MOMENT, pattern) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-05", "2026-03-05 00:00"),
        ("2026-03-05T08:00", "2026-03-05 08:00"),  # UTC when it names no offset
        ("2026-03-05T08:00:00+02:00", "2026-03-05 06:00"),
        (0, "1970-01-01 00:00"),
        (-1, "1969-12-31 23:59"),
        (1772698026045.9, "2026-03-05 08:07"),
    ],
)
def test_iso_text_and_milliseconds_are_moments(value: Json, expected: str) -> None:
    assert format_date(value, "YYYY-MM-DD HH:mm") == expected


@pytest.mark.parametrize(("hour", "expected"), [(0, "12 AM"), (11, "11 AM"), (12, "12 PM"), (13, "1 PM")])
def test_twelve_hour_clock_has_no_zero(hour: int, expected: str) -> None:
    assert format_date(f"2026-03-05T{hour:02}:00", "h A") == expected


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-01-01T00:00:00Z", "Europe/Berlin", "01:00 +01:00"),
        ("2026-07-01T00:00:00Z", "Europe/Berlin", "02:00 +02:00"),
        ("2026-01-01T00:00:00Z", "America/St_Johns", "20:30 -03:30"),
    ],
)
def test_zone_moves_the_clock(value: str, zone: str, expected: str) -> None:
    assert format_date(value, "HH:mm Z", zone=zone) == expected


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "Europe", "a\x00b", "é" * 300])
def test_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ResolveError, match="time zone is unknown"):
        format_date(0, "YYYY", zone=zone)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("yesterday", "the text is not a date in ISO form, such as 2026-11-24T13:05:00Z"),
        ("1772698026045", "the text is not a date in ISO form, such as 2026-11-24T13:05:00Z"),
        (10**18, "the date is outside the years 1 to 9999"),
        (1e300, "the date is outside the years 1 to 9999"),
        ("0001-01-01T00:00:00+05:00", "the date is outside the years 1 to 9999"),
        (None, "a date is ISO text or milliseconds, here is null"),
    ],
)
def test_what_is_no_moment_is_refused(value: Json, message: str) -> None:
    with pytest.raises(ResolveError) as caught:
        format_date(value, "YYYY")

    assert str(caught.value) == message


def test_format_that_is_too_long_is_refused() -> None:
    with pytest.raises(ResolveError, match="longer than 200"):
        format_date(0, "Y" * 201)


@settings(deadline=None)
@given(
    st.text(max_size=30) | st.datetimes().map(str) | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    st.text("YMDHhmsSAaZXx[] ", max_size=20),
    st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]),
)
def test_any_value_is_formatted_or_refused(value: str | float, pattern: str, zone: str) -> None:
    with suppress(ResolveError):
        assert isinstance(format_date(value, pattern, zone=zone), str)
