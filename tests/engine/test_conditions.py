from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.feature import Condition
from integrations.engine.conditions import BadCondition, Decided, decide
from integrations.engine.resolver import MISSING


def _decide(subject: Any, decision_type: str, value: Any = None, **more: Any) -> Decided:
    condition = Condition.parse({"subject": "$Input{x}", "decision_type": decision_type, **more})
    return decide(condition, subject=subject, value=value, written="$Input{x}")


@pytest.mark.parametrize(
    ("subject", "decision_type", "value", "holds"),
    [
        (1, "equals", 1.0, True),
        (1, "equals", True, False),
        (0, "equals", False, False),
        ("1", "equals", 1, False),
        (None, "equals", None, True),
        ({"a": [1]}, "equals", {"a": [1.0]}, True),
        ([True], "equals", [1], False),
        (True, "not-equals", 1, True),
        (2, "less-than", 3, True),
        (3, "less-than", 3, False),
        (3, "less-than-or-equals", 3, True),
        (2.5, "greater-than", 2, True),
        ("b", "greater-than", "a", True),
        (2**63 - 1, "greater-than", 2**63 - 2, True),
        (3, "greater-than-or-equals", 4, False),
        # zero, false and "" are there
        (0, "exists", None, True),
        (False, "exists", None, True),
        ("", "exists", None, True),
        (None, "exists", None, False),
        (MISSING, "exists", None, False),
        ("b", "in", ["a", "b"], True),
        (1, "in", [True], False),
        ("ell", "in", "hello", True),
        ("key", "in", {"key": None}, True),
        ("order-17", "matches", r"^order-\d+$", True),
        ("an order", "matches", "order", True),
        ("x", "matches", "^y", False),
    ],
)
def test_decide_compares_by_type(subject: Any, decision_type: str, value: Any, holds: bool) -> None:
    assert _decide(subject, decision_type, value).holds is holds


@pytest.mark.parametrize(("subject", "length"), [("héé", 3), ([], 0), ({"a": 1, "b": 2}, 2), ("👍", 1)])
def test_decide_by_length_counts(subject: Any, length: int) -> None:
    assert _decide(subject, "equals", length, decider="length").holds


@pytest.mark.parametrize(
    ("subject", "decision_type", "value", "more"),
    [
        (1, "less-than", "2", {}),
        (True, "less-than", 2, {}),
        (None, "less-than", 2, {}),
        (2, "greater-than", None, {}),
        ([1], "less-than", [2], {}),
        (1, "in", 12, {}),
        (1, "in", "1", {}),
        ("a", "in", None, {}),
        (1, "matches", "1", {}),
        ("a", "matches", "(", {}),
        ("a", "matches", "(?=a)", {}),  # lookahead is not RE2
        (3, "equals", 1, {"decider": "length"}),
        (MISSING, "equals", None, {}),
    ],
)
def test_decide_what_cannot_be_compared_is_refused(subject: Any, decision_type: str, value: Any, more: Any) -> None:
    with pytest.raises(BadCondition) as raised:
        _decide(subject, decision_type, value, **more)

    assert raised.value.code == "bad_condition"


def test_reason_says_what_was_compared() -> None:
    assert _decide(3, "greater-than", 10).reason == "condition: $Input{x} (3) greater-than 10 is false"
    assert _decide([1, 2], "equals", 2, decider="length").reason == (
        "condition: length of $Input{x} (2) equals 2 is true"
    )
    assert _decide(MISSING, "exists").reason == "condition: $Input{x} exists is false"


def test_reason_of_long_values_is_cut() -> None:
    assert len(_decide("a" * 1_000, "equals", "b" * 1_000).reason) < 300


def test_reason_hides_values_that_are_secret() -> None:
    condition = Condition.parse({"subject": "$Secret{pin}", "value": "$Input{pin}"})

    reason = decide(condition, subject="42", value="42", written="$Secret{pin}", hides_values=True).reason

    assert reason == "condition: $Secret{pin} equals a hidden value is true"


def test_matches_of_a_nasty_pattern_takes_linear_time() -> None:
    assert not _decide("a" * 50_000 + "!", "matches", "^(a+)+$").holds
