"""Jobs: a target with an environment, input and, if wanted, a schedule."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Annotated, Any, Literal, LiteralString, Self

from pydantic import BeforeValidator, JsonValue, PositiveInt, StringConstraints, model_validator
from pydantic import Field as Constraint
from pydantic_core import PydanticCustomError

from integrations.definitions.base import Definition, Description, Name, Tag
from integrations.definitions.environment import Slug
from integrations.definitions.retry import RetryPolicy, Seconds

#: Moments are given within these years, so that no sum with them and no other zone leads out of the calendar.
_FIRST_YEAR, LAST_YEAR = 1000, 8999


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("moment", "is not an ISO 8601 date and time") from None
    if not _FIRST_YEAR <= moment.year <= LAST_YEAR:
        message = "is not between the years {first} and {last}"
        raise PydanticCustomError("moment", message, {"first": _FIRST_YEAR, "last": LAST_YEAR})
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


_MOMENT_HINT = "such as 2030-01-31T09:30+01:00"
#: ISO 8601, of UTC when it names no zone; turned to UTC.
Moment = Annotated[dt.datetime, BeforeValidator(_moment)]


def _in_zone(value: Any, tz: str, name: str) -> Any:
    """Return an ISO 8601 text without an offset with the one that the zone has then; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        moment, zone = dt.datetime.fromisoformat(value), zoneinfo.ZoneInfo(tz)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return value  # refused with its own place: by `_moment`, or where the zone is checked
    if moment.tzinfo is not None or not _FIRST_YEAR <= moment.year <= LAST_YEAR:
        return value
    local = moment.replace(tzinfo=zone)
    if local.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != moment:
        message, hint = "{name} does not exist in {tz}: the clock jumps over it", "name another time, or give an offset"
        raise PydanticCustomError("moment", message, {"name": name, "tz": tz, "hint": hint})
    return local.isoformat()


def _schedule_error(message: LiteralString, *, hint: str) -> PydanticCustomError:
    return PydanticCustomError("schedule", message, {"hint": hint})


class JobTarget(Definition):
    type: Literal["feature", "action", "function", "job", "notification", "database_action"] = "feature"
    event: Tag
    app: Tag | None = None
    database: Tag | None = None


class Schedule(Definition):
    """`cron` with its zone, or `every` seconds, or one `start_at`; the last may also delay the first of the others."""

    #: Five fields; on days with a clock change as Debian's cron does it, see `schedules`.
    cron: Annotated[str, StringConstraints(max_length=200)] = ""
    #: Name of the zone that `cron` is written in.
    tz: Annotated[str, StringConstraints(max_length=100)] = "UTC"
    #: Counted from `start_at`, which then is the first time itself, else from the job's creation; ten years at most.
    every: Annotated[int, Constraint(gt=0, le=10 * 366 * 24 * 3600)] | None = Constraint(
        default=None, description="seconds from one time to the next, such as 3600"
    )
    start_at: Moment | None = Constraint(default=None, description=_MOMENT_HINT)
    #: How many runs it starts, until it is changed.
    limit: PositiveInt | None = Constraint(default=None, description="how many runs it starts; no limit without it")
    #: The last moment at which it may fire.
    end_at: Moment | None = Constraint(default=None, description=_MOMENT_HINT)

    @model_validator(mode="before")
    @classmethod
    def _read_moments_in_its_zone(cls, values: Any) -> Any:
        """Give `start_at` and `end_at` the offset that the schedule's zone has then, where they have none."""
        if not isinstance(values, dict) or not isinstance(values.get("tz"), str):
            return values
        local = {name: _in_zone(values[name], values["tz"], name) for name in ("start_at", "end_at") if name in values}
        return {**values, **local}

    @model_validator(mode="after")
    def _say_when(self) -> Self:
        if self.cron and self.every:
            raise _schedule_error("give either cron or every, not both", hint="leave one of them out")
        if not (self.cron or self.every or self.start_at):
            raise _schedule_error("give cron, every or start_at", hint='such as {"cron": "0 6 * * *", "tz": "UTC"}')
        if self.start_at and self.end_at and self.end_at <= self.start_at:
            raise _schedule_error("end_at is not after start_at", hint="name a later end_at, or leave it out")
        return self


class Job(Definition):
    tag: Tag
    name: Name = ""
    description: Description = ""
    #: The feature of the same tag when left out.
    target: JobTarget | None = None
    env: Slug | None = None
    input: dict[str, JsonValue] = {}
    schedule: Schedule | None = None
    retries: Annotated[int, Constraint(ge=0, le=100)] = 0
    retry: RetryPolicy | None = None
    overlap: Literal["skip", "queue", "allow"] = "skip"
    missed: Literal["skip", "run_once", "run_all"] = "skip"
    paused: bool = False
    priority: Annotated[int, Constraint(ge=-100, le=100)] = 0
    timeout: Seconds | None = None

    @property
    def own_target(self) -> JobTarget:
        return self.target or JobTarget(type="feature", event=self.tag)
