"""How lengths of time, JSON values and statuses read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template.loader import render_to_string

from integrations.templatetags.console import STATUS_ICONS, ago, duration, pretty_json, until


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (None, ""),
        (0, "0 ms"),
        (0.84, "840 ms"),
        (timedelta(seconds=3.21), "3.2 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min 0 s"),
        (0.9996, "1.0 s"),
        (245, "4 min 5 s"),
        (timedelta(hours=2, minutes=10, seconds=30), "2 h 10 min"),
    ],
)
def test_duration_reads_in_the_unit_that_fits(length: timedelta | float | None, expected: str) -> None:
    assert duration(length) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (3 * 86_400, "3 days")],
)
def test_distance_in_time_reads_in_one_unit(seconds: float, expected: str) -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    later = noon + timedelta(seconds=seconds)

    assert ago(noon, later) == f"{expected} ago"
    assert until(later, noon) == f"in {expected}"


def test_moment_that_has_come_is_now() -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)

    assert until(noon, noon) == "now"


def test_pretty_json_keeps_order_script_and_big_numbers() -> None:
    text = pretty_json({"b": 9_007_199_254_740_993, "a": ["é"]})

    assert text == '{\n  "b": 9007199254740993,\n  "a": [\n    "é"\n  ]\n}'


@pytest.mark.parametrize("status", STATUS_ICONS)
def test_status_badge_says_the_status_in_words_and_sign(status: str) -> None:
    html = render_to_string("_components/status_badge.html", {"status": status})

    assert f'data-status="{status}"' in html
    assert status.capitalize() in html
    assert STATUS_ICONS[status] in html


def test_status_badge_with_a_label_shows_it() -> None:
    html = render_to_string("_components/status_badge.html", {"status": "failed", "label": "Gave up"})

    assert "Gave up" in html


def test_payload_escapes_what_it_shows() -> None:
    payload = {"text": '"</pre><script>"', "is_cut": False}

    html = render_to_string("admin/integrations/run/payload.html", {"id": 7, "title": "Input", "payload": payload})

    assert "<script>" not in html
    assert 'data-copy="#json-7"' in html
    assert 'id="json-7"' in html


def test_key_value_shows_zero_and_marks_what_is_missing() -> None:
    rows = [{"label": "Attempts", "value": 0}, {"label": "Ended", "value": None}]

    html = render_to_string("_components/key_value.html", {"rows": rows})

    assert ">0<" in "".join(html.split())
    assert "\N{EN DASH}" in html
