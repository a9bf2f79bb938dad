"""Decides conditions: typed comparisons of two resolved values, and the sentence that says how they came out."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import re2

from integrations import strict_json
from integrations.definitions.feature import Condition
from integrations.engine.comparisons import contains, equal, ordered, type_word
from integrations.engine.failures import EventError
from integrations.engine.resolve_errors import ResolveError
from integrations.engine.resolver import MISSING, MaybeJson
from integrations.types import Json

_LONGEST_SHOWN_VALUE = 80


class BadCondition(EventError):
    """The two values cannot be compared in this way."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="bad_condition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    holds: bool
    #: Such as `condition: $Input{total} (3) less-than 10 is false`; not yet redacted.
    reason: str


def decide(
    condition: Condition, *, subject: MaybeJson, value: Json, written: str, hides_values: bool = False
) -> Decided:
    """Return whether a condition holds for the resolved `subject` and `value`.

    `written` is the subject as it stands in the definition; `hides_values` keeps both values out of the reason, for
    those that are secret however short.

    Raises:
        BadCondition: values that have no order, a length that is none, a pattern that is no RE2, …
    """
    if condition.decision_type == "exists":
        holds = subject is not MISSING and subject is not None
        return Decided(holds=holds, reason=f"condition: {written} exists is {_word(holds)}")
    if subject is MISSING:
        raise BadCondition(f"{written} is missing, so it cannot be compared")
    compared = _length(subject) if condition.decider == "length" else subject
    holds = _COMPARISONS[condition.decision_type](compared, value)
    left = f"length of {written}" if condition.decider == "length" else written
    shown = ("", "a hidden value") if hides_values else (f" ({_shown(compared)})", _shown(value))
    reason = f"condition: {left}{shown[0]} {condition.decision_type} {shown[1]} is {_word(holds)}"
    return Decided(holds=holds, reason=reason)


def _word(holds: bool) -> str:
    return "true" if holds else "false"


def _shown(value: Json) -> str:
    text = strict_json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN_VALUE else f"{text[:_LONGEST_SHOWN_VALUE]}…"


def _length(value: Json) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    raise BadCondition(f"{type_word(value)} has no length")


def _in_order(compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], bool]:
    def decide_order(subject: Json, value: Json) -> bool:
        if subject is None or value is None:
            raise BadCondition(f"{type_word(subject)} and {type_word(value)} have no order")
        return _checked(lambda: ordered(subject, value, compare=compare))

    return decide_order


def _in(subject: Json, value: Json) -> bool:
    if value is None:
        raise BadCondition("null holds nothing that something could be in")
    return _checked(lambda: contains(value, subject))


def _checked(compare: Callable[[], bool]) -> bool:
    try:
        return compare()
    except ResolveError as error:
        raise BadCondition(error.reason) from None


def _matches(subject: Json, pattern: Json) -> bool:
    """RE2 is linear in time, so a pattern from a reference cannot stall the run. Searched anywhere, as a field's is."""
    if not isinstance(subject, str) or not isinstance(pattern, str):
        raise BadCondition(f"{type_word(subject)} cannot be matched with {type_word(pattern)}")
    try:
        return re2.search(pattern, subject, _QUIET) is not None
    except re2.error:
        raise BadCondition("the value is not an RE2 pattern") from None


def _quiet_options() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


_QUIET = _quiet_options()

_COMPARISONS: dict[str, Callable[[Json, Json], bool]] = {
    "equals": equal,
    "not-equals": lambda subject, value: not equal(subject, value),
    "less-than": _in_order(operator.lt),
    "greater-than": _in_order(operator.gt),
    "less-than-or-equals": _in_order(operator.le),
    "greater-than-or-equals": _in_order(operator.ge),
    "in": _in,
    "matches": _matches,
}
