"""Template filters for what runs and steps show: JSON values, lengths of time, statuses."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template

from integrations import strict_json
from integrations.types import Json

register = template.Library()

#: The Material Symbols name for each status of a run or step, so that a status never speaks by color alone.
STATUS_ICONS = {
    "scheduled": "event",
    "queued": "hourglass_empty",
    "running": "progress_activity",
    "succeeded": "check_circle",
    "failed": "error",
    "cancelled": "cancel",
    "quarantined": "gpp_maybe",
    "waiting": "pause_circle",
    "skipped": "redo",
    "cached": "cached",
}


@register.filter
def status_icon(status: str) -> str:
    return STATUS_ICONS.get(status, "circle")


@register.filter
def pretty_json(value: Json) -> str:
    """Return `value` as indented JSON, in its own order and script."""
    return strict_json.pretty(value)


@register.filter
def duration(length: timedelta | float | str | None) -> str:
    """Return a length of time for people: `840 ms`, `3.2 s`, `4 min 5 s`, `2 h 10 min`; numbers are seconds."""
    if length is None or isinstance(length, str):
        return ""  # a template's missing variable is ""
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    # Compared as rounded, so that 0.9996 s is not "1000 ms".
    if round(seconds * 1000) < 1000:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    return _hours_and_minutes(round(seconds))


@register.filter
def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago `moment` was, roughly: `3 s ago`."""
    return f"{_roughly(now - moment)} ago"


@register.filter
def until(moment: datetime, now: datetime) -> str:
    """Return in how long `moment` comes, roughly: `in 5 min`; `now` once it is there."""
    return f"in {_roughly(moment - now)}" if moment > now else "now"


def _roughly(length: timedelta) -> str:
    """Return a length of time in one unit, so that what shows it does not change all the time."""
    seconds = max(length.total_seconds(), 0)
    for unit, size in (("days", 24 * 3600), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _hours_and_minutes(seconds: int) -> str:
    if seconds < 60 * 60:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
