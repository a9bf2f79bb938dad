"""What calling something does to the outside, which decides what a replay may do again without asking."""

from __future__ import annotations

from typing import Literal

#: Looks only; changes something; changes something that nothing can take back.
Effect = Literal["read", "write", "irreversible"]

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
#: Of events that call no app. A function is pure, time passes by itself, and people are only asked.
_BY_TYPE: dict[str, Effect] = {
    "function": "read",
    "wait": "read",
    "approval": "read",
    "notification": "irreversible",
}


def effect_of_method(method: str) -> Effect:
    """Return what an action of this HTTP method does, as long as its app does not say otherwise.

    Source: RFC 9110 section 9.2.1 for the methods that only read.
    """
    if method in _READING:
        return "read"
    return "irreversible" if method == "DELETE" else "write"


def effect_of_type(event_type: str) -> Effect:
    """Return what an event of this type does that is no action."""
    return _BY_TYPE.get(event_type, "write")
