"""What the page of a job shows beside its form: how it stands, its next times, its ledger and its runs."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from integrations import models
from integrations.admin.jobs import targets
from integrations.definitions.schedules import known_zones
from integrations.errors import DefinitionError
from integrations.operations import jobs, ledgers, queued_slots, workers
from integrations.types import Json, JsonObject

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: How far back the ledger on a job's page reaches, and how many of its latest entries and of the runs are shown.
_LOOKED_BACK, _LOOKED_AHEAD = dt.timedelta(days=30), dt.timedelta(days=30)
_SHOWN, _SHOWN_AHEAD = 50, 5
_UNITS = ((24 * 3600, "day"), (3600, "h"), (60, "min"), (1, "s"))
_MOST_DIGITS = 18
_HELD = {
    "paused": "The job is paused: none comes until it is resumed.",
    "frozen": "Its environment is frozen: none comes until that is unfrozen.",
}
#: The badge of a job whose schedule does not fire, by its standstill.
_STATES = {
    "paused": ("waiting", "paused"),
    "frozen": ("waiting", "frozen"),
    "broken": ("failed", "broken"),
    "ended": ("skipped", "ended"),
}
_AT_ITS_END = "It has come to its end: it fires no more."
#: The status, as badges have it, for each outcome.
BADGES = {
    "started": "succeeded",
    "ran": "succeeded",
    "late": "quarantined",
    "queued": "queued",
    "overlapped": "skipped",
    "skipped": "skipped",
    "missed": "failed",
    "refused": "failed",
    "held": "waiting",
    "due": "queued",
    "coming": "scheduled",
}


def with_last_slot(rows: Any) -> Any:
    """Add `last_status`, what became of the job's latest time, and `last_run_status`, how the last try at it stands."""
    tries = models.Run.objects.filter(job=OuterRef("job"), nominal_at=OuterRef("nominal_at"))
    # From that time on, by which there is an index.
    last_try = tries.filter(created_at__gte=OuterRef("nominal_at")).order_by("-created_at", "-pk")
    slots = models.Slot.objects.filter(job=OuterRef("pk")).order_by("-nominal_at")
    run_status = slots.annotate(run_status=Subquery(last_try.values("status")[:1])).values("run_status")
    return rows.annotate(last_status=Subquery(slots.values("status")[:1]), last_run_status=Subquery(run_status[:1]))


def context(job: models.Job, user: User) -> dict[str, Any]:
    standstill = jobs.standstill(job)
    can = {
        name: user.has_perm(f"integrations.{name}")
        for name in ("run_job", "pause_job", "view_slot", "view_run", "view_environment")
    }
    return {
        "job": job,
        "state": _STATES[standstill] if standstill else _state(job),
        "is_due": is_due(job),
        "lacks_worker": job.next_at is not None and not workers.is_worker_there(),
        "waiting": queued_slots.count(job),
        "in_words": in_words(job) if job.schedule else "",
        "zone": _zone_of(job).key,
        "runs_what": targets.in_words(job.to_definition().own_target),
        "problems": jobs.problems(job=job),
        "can": can,
        "entries": _shown_entries(job, user) if can["view_slot"] else None,
        "history": jobs.history(job=job, by=user, limit=_SHOWN) if can["view_run"] else None,
    }


def preview(schedule: Json, job: models.Job | None) -> dict[str, Any]:
    """Return the next times of a schedule in its own zone and in UTC, and a note if none comes; or its problems."""
    if not isinstance(schedule, dict):
        return {}
    try:
        times = jobs.preview(schedule=schedule, job=job)
    except DefinitionError as error:
        return {"problems": [str(problem.under("")).removeprefix("schedule/") for problem in error.problems]}
    zone = zone_named(schedule.get("tz"))
    # As texts: a template would show every time in the zone of the page.
    shown = [{"local": _text(time.astimezone(zone)), "utc": _text(time)} for time in times]
    held = _HELD.get(jobs.standstill(job)) if job else None
    return {"times": shown, "zone": zone.key, "note": held or ("" if times else _AT_ITS_END)}


def numbers(typed: Mapping[str, str]) -> JsonObject:
    """Return the boxes that hold whole numbers as such; others stay text, which the schedule refuses."""
    found = {name: whole_number(typed.get(name, "").strip()) for name in ("every", "limit")}
    return {name: number for name, number in found.items() if number is not None}


def whole_number(text: str) -> int | None:
    """Return the number that is written, None for what is none or too large for a column."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def in_words(job: models.Job) -> str:
    """Return when a job fires, in a few words."""
    schedule = job.schedule
    if not isinstance(schedule, dict):
        return "by hand"
    if schedule.get("cron"):
        return f"{schedule['cron']} ({schedule.get('tz', 'UTC')})"
    if schedule.get("every"):
        return f"every {_spelled(int(schedule['every']))}"
    return "once"


def _spelled(seconds: int) -> str:
    """Return a period in its units: `1 day 30 min`."""
    parts = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}")
    return " ".join(parts)


def is_due(job: models.Job) -> bool:
    """Return whether the job's next time has come, and nobody has dealt with it yet."""
    return job.next_at is not None and job.next_at <= timezone.now()


def _state(job: models.Job) -> tuple[str, str]:
    """Return how a job stands that nothing holds up, as a badge has it."""
    if job.next_at is None:
        return "skipped", "by hand"
    return ("queued", "due") if is_due(job) else ("scheduled", "on schedule")


def shown_time(time: dt.datetime) -> str:
    return f"{timezone.localtime(time):%Y-%m-%d %H:%M:%S} {timezone.get_current_timezone_name()}"


def zone_named(name: object) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name if isinstance(name, str) and name in known_zones() else "UTC")


def _zone_of(job: models.Job) -> zoneinfo.ZoneInfo:
    return zone_named(job.schedule.get("tz") if isinstance(job.schedule, dict) else None)


def _shown_entries(job: models.Job, user: User) -> list[dict[str, Any]] | None:
    """Return the ledger; None of a job that never had a schedule."""
    return _entries(job, user) or (None if job.schedule is None else [])


def _entries(job: models.Job, user: User) -> list[dict[str, Any]]:
    """Return the ledger, the newest first: what comes next above what has been."""
    now = timezone.now()
    entries = ledgers.latest(job=job, since=now - _LOOKED_BACK, until=now + _LOOKED_AHEAD, most=_SHOWN, by=user)
    ahead = [entry for entry in entries if entry.outcome in ("coming", "held")]
    passed = [entry for entry in entries if entry.outcome not in ("coming", "held")]
    zone = _zone_of(job)
    return [shown_entry(entry, zone) for entry in reversed([*passed[-_SHOWN:], *ahead[:_SHOWN_AHEAD]])]


def shown_entry(entry: ledgers.Entry, zone: dt.tzinfo) -> dict[str, Any]:
    return {
        "entry": entry,
        "status": BADGES[entry.outcome],
        "local_text": _text(entry.nominal_at.astimezone(zone)),
        "utc_text": _text(entry.nominal_at.astimezone(dt.UTC)),
        "until_text": _text(entry.until_at.astimezone(zone)) if entry.until_at else "",
    }


def _text(time: dt.datetime) -> str:
    return f"{time:%a %Y-%m-%d %H:%M:%S}"
