"""Approvals as application code sees them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from integrations import models
from integrations.types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a run asks people to decide. `decision` is "" until then."""

    process_id: str
    #: The event's tag, and where exactly in the run it waits: the same but for loops and retries.
    event: str
    step: str
    title: str
    description: str
    payload: Json
    created_at: dt.datetime
    expires_at: dt.datetime | None
    decision: str
    by: str
    reason: str


def describe(row: models.Approval) -> Approval:
    return Approval(
        process_id=str(row.run_id),
        event=row.event,
        step=row.step,
        title=row.title,
        description=row.description,
        payload=row.payload,
        created_at=row.created_at,
        expires_at=row.expires_at,
        decision=row.decision,
        by=row.decided_by_name,
        reason=row.reason,
    )
