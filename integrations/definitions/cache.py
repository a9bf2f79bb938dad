"""Caches: how long an event's successful results are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field as Constraint

from integrations.definitions.base import Definition, Description, Name, Tag

#: Months and years are calendar months and years.
Period = Literal["secs", "mins", "hours", "days", "weeks", "months", "years"]


class Cache(Definition):
    tag: Tag
    name: Name = ""
    description: Description = ""
    sequence_tag: Tag
    event_tag: Tag
    #: How many `period`s a result is kept.
    expiry: Annotated[int, Constraint(gt=0, le=1_000_000_000)]
    period: Period
