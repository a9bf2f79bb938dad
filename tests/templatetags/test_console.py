"""How lengths of time, JSON values and statuses read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.template.loader import render_to_string

from integrations.templatetags.console import STATUS_ICONS, duration, pretty_json


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


def test_json_block_escapes_what_it_shows() -> None:
    html = render_to_string(
        "_components/json_block.html", {"id": 7, "title": "Input", "value": {"a": "</pre><script>"}}
    )

    assert "<script>" not in html
    assert 'data-copy="#json-7"' in html
    assert 'id="json-7"' in html


def test_timeline_shows_each_step_with_its_own_values() -> None:
    steps = [
        {"id": 1, "name": "login", "type": "action", "status": "succeeded", "duration": 0.5, "attempts": 2,
         "has_output": True, "output": {"ok": True}},
        {"id": 2, "name": "pay", "type": "action", "status": "skipped", "note": "the condition was false"},
    ]  # fmt: skip

    html = render_to_string("_components/timeline.html", {"steps": steps})

    assert html.count("timeline__step") == 2
    assert 'id="json-1-output"' in html
    assert "2 attempts" in html
    assert "500 ms" in html
    assert "the condition was false" in html


def test_key_value_shows_zero_and_marks_what_is_missing() -> None:
    rows = [{"label": "Attempts", "value": 0}, {"label": "Ended", "value": None}]

    html = render_to_string("_components/key_value.html", {"rows": rows})

    assert ">0<" in "".join(html.split())
    assert "\N{EN DASH}" in html
