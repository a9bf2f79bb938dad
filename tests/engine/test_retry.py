from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.definitions.retry import RetryPolicy
from integrations.engine.records import StepError
from integrations.engine.retry import RetryDecision, RetryRules, decide, status_of


def _rules(**more: Any) -> RetryRules:
    return RetryRules.of(**{"retries": 3, "event_policy": None, **more})


def _decide(code: str, *, retryable: bool = True, attempt: int = 1, used: int = 0, **more: Any) -> RetryDecision | None:
    options = {"rules": _rules(), "random": lambda: 1.0, **more}
    return decide(error=StepError(code=code, message="", retryable=retryable), attempt=attempt, used=used, **options)


@pytest.mark.parametrize(
    ("retries", "event_max", "app_max", "count"),
    [
        (0, 5, 5, 0),  # none means none, even when the app says otherwise
        (None, 0, 5, 0),
        (None, None, 5, 5),
        (2, 5, 5, 2),
        (None, 4, 5, 4),
        (None, None, None, 0),
    ],
)
def test_count_comes_from_the_nearest_that_says_one(
    retries: int | None, event_max: int | None, app_max: int | None, count: int
) -> None:
    rules = RetryRules.of(retries=retries, event_policy=RetryPolicy(max=event_max), app_policy=RetryPolicy(max=app_max))

    assert rules.count == count


@pytest.mark.parametrize(
    ("code", "retryable", "is_retried"),
    [
        ("http_408", True, True),
        ("http_429", True, True),
        ("http_500", True, True),
        ("http_503", False, True),  # by its status, whatever the connector thinks of it
        ("http_400", True, False),
        ("http_401", False, False),
        ("http_404", True, False),
        ("connection_failed", True, True),
        ("read_timeout", True, True),
        ("tls_failed", False, False),
        ("crashed", True, True),
        ("threw", False, False),
    ],
)
def test_default_policy_retries_what_may_work_later(code: str, retryable: bool, is_retried: bool) -> None:
    assert (_decide(code, retryable=retryable) is not None) is is_retried


@pytest.mark.parametrize(
    ("code", "is_retried"),
    [
        ("http_503", True),  # the other side says so
        ("connect_timeout", True),  # nothing was sent
        ("name_not_resolved", True),
        ("connection_failed", True),
        ("auth_failed", True),  # the login came first
        ("circuit_open", True),
        ("connection_broken", False),  # it may have been acted on
        ("read_timeout", False),
        ("total_timeout", False),
        ("timeout", False),
    ],
)
def test_action_that_is_not_idempotent_is_not_repeated_when_it_may_have_worked(code: str, is_retried: bool) -> None:
    assert (_decide(code, rules=_rules(is_idempotent=False)) is not None) is is_retried


def test_attempts_past_the_count_are_not_made() -> None:
    decisions = [_decide("http_503", attempt=attempt) is not None for attempt in range(1, 6)]

    assert decisions == [True, True, True, False, False]


def test_status_with_its_own_limit_is_retried_that_often() -> None:
    policy = RetryPolicy.parse({"policy": {"404": {"available": 1}, "5xx": {"available": 0}}})
    rules = _rules(event_policy=policy)

    assert _decide("http_404", retryable=False, rules=rules) is not None
    assert _decide("http_404", retryable=False, rules=rules, used=1, attempt=2) is None
    assert _decide("http_503", rules=rules) is None


def test_status_of_the_event_comes_before_that_of_the_app() -> None:
    event_policy = RetryPolicy.parse({"policy": {"503": {"available": 0}}})
    app_policy = RetryPolicy.parse({"max": 5, "policy": {"503": {"available": 5}, "404": {"available": 5}}})
    rules = _rules(event_policy=event_policy, app_policy=app_policy)

    assert _decide("http_503", rules=rules) is None
    assert _decide("http_404", rules=rules) is not None


def test_lag_of_a_status_is_waited_as_it_is() -> None:
    rules = _rules(event_policy=RetryPolicy.parse({"policy": {"429": {"available": 2, "lag": 1500}}}))

    decision = _decide("http_429", rules=rules, random=lambda: 0.1)

    assert decision is not None
    assert decision.delay_seconds == 1.5


def test_retry_after_wins_over_jitter_and_over_the_longest_wait() -> None:
    decision = _decide("http_429", retry_after_seconds=600.0)

    assert decision is not None
    assert decision.delay_seconds == 600
    assert decision.reason == "retry 1 of 3 in 600 s, as Retry-After asks"


def test_retry_after_of_a_year_is_waited_for_a_day() -> None:
    decision = _decide("http_503", retry_after_seconds=365 * 24 * 3600.0)

    assert decision is not None
    assert decision.delay_seconds == 24 * 3600


@given(
    attempt=st.integers(1, 100),
    draw=st.floats(0, 1, exclude_max=True),
    delay=st.floats(0, 100),
    factor=st.floats(1, 10),
    longest=st.floats(0, 1000),
)
def test_jitter_stays_between_nothing_and_the_backoff(
    attempt: int, draw: float, delay: float, factor: float, longest: float
) -> None:
    policy = RetryPolicy(delay=delay, factor=factor, longest=longest)

    decision = _decide("http_503", attempt=attempt, rules=_rules(retries=100, event_policy=policy), random=lambda: draw)

    assert decision is not None
    assert 0 <= decision.delay_seconds <= min(longest, delay * factor ** (attempt - 1))


def test_jitter_is_full() -> None:
    rules = _rules(event_policy=RetryPolicy(delay=2, factor=3))

    delays = [_decide("http_503", attempt=2, rules=rules, random=lambda draw=draw: draw) for draw in (0.0, 0.5)]

    assert [each.delay_seconds for each in delays if each] == [0, 3]


@pytest.mark.parametrize(
    ("code", "status"), [("http_503", 503), ("http_999", None), ("threw", None), ("http_50", None)]
)
def test_status_of_reads_http_codes(code: str, status: int | None) -> None:
    assert status_of(code) == status
