"""Fallbacks and rollbacks that fail themselves: the run says which and why, and so does each step."""

from __future__ import annotations

from tests.faults.fake_api import Effect, FakeApi
from tests.faults.installation import Installation, wait_for

STEPS = """SELECT event, role, status, error_code FROM integrations_step
    WHERE type = 'action' ORDER BY position"""


def test_failing_fallback_fails_the_run_with_its_own_error(installation: Installation, api: FakeApi) -> None:
    installation.worker()

    [run_id] = installation.post("falls_back", 1)

    wait_for(lambda: installation.statuses()[run_id] == "failed", seconds=30, what=installation.log.read_text)
    [(code, message, place)] = installation.rows("SELECT error_code, error_message, error_place FROM integrations_run")
    assert (code, place) == ("http_409", "main/refuse")
    assert "409" in message
    assert installation.rows(STEPS) == [
        ("refuse", "event", "failed", "http_422"),
        ("refuse", "fallback", "failed", "http_409"),
    ]


def test_failing_rollback_is_named_and_stops_no_other(installation: Installation, api: FakeApi) -> None:
    installation.worker()

    [run_id] = installation.post("rolls_back", 1)

    wait_for(lambda: installation.statuses()[run_id] == "failed", seconds=30, what=installation.log.read_text)
    [(code, message, place)] = installation.rows("SELECT error_code, error_message, error_place FROM integrations_run")
    assert (code, place) == ("http_422", "main/refuse")
    assert "422" in message.partition("; rollbacks that failed: ")[0]
    assert message.partition("; rollbacks that failed: ")[2].startswith("main/pay: ")
    assert "410" in message.partition("; rollbacks that failed: ")[2]
    assert installation.rows(STEPS) == [
        ("reserve", "event", "succeeded", ""),
        ("pay", "event", "succeeded", ""),
        ("refuse", "event", "failed", "http_422"),
        ("pay", "rollback", "failed", "http_410"),
        ("reserve", "rollback", "succeeded", ""),
    ]
    assert api.effects[Effect(str(run_id), "release")] == 1
