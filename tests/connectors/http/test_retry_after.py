from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.connectors.http.retry_after import LONGEST_SECONDS, parse_retry_after

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("999999", LONGEST_SECONDS),
        ("Tue, 24 Nov 2026 12:01:30 GMT", 90.0),
        ("Tuesday, 24-Nov-26 12:01:30 GMT", 90.0),
        ("Tue, 24 Nov 2026 12:01:30 -0000", 90.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 24 Nov 2056 12:00:00 GMT", LONGEST_SECONDS),
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("1" * 400, None),
        ("Tue, 99 Nov 2026 12:00:00 GMT", None),
        ("Tue, 24 Nov 99999 12:00:00 GMT", None),
    ],
)
def test_parse_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, now=NOW) == seconds


def test_parse_retry_after_is_capped_at_what_is_asked_for() -> None:
    assert parse_retry_after("120", now=NOW, longest_seconds=5) == 5


@given(
    st.text(max_size=40) | st.from_regex(r"\w{3}, \d{1,3} \w{3} \d{1,6} \d\d:\d\d:\d\d [+-]?\w{1,5}", fullmatch=True)
)
def test_parse_retry_after_any_text_gives_a_bounded_number_or_none(value: str) -> None:
    seconds = parse_retry_after(value, now=NOW)

    assert seconds is None or 0 <= seconds <= LONGEST_SECONDS
