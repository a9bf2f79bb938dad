"""Ends runs that somebody wants to end, and what they have started."""

from __future__ import annotations

import uuid

from integrations import models
from integrations.operations import _database_time

Status = models.Run.Status
_WITHOUT_HOLDER = (Status.SCHEDULED, Status.QUEUED, Status.WAITING)


def cancel(run_id: uuid.UUID) -> bool:
    """End the run, or ask its holder to; return False when it has ended already. Within a transaction."""
    now = _database_time.now()
    if models.Run.objects.transition(run_id, from_=_WITHOUT_HOLDER, to=Status.CANCELLED, now=now):
        return True
    running = models.Run.objects.filter(pk=run_id, status=Status.RUNNING)
    return running.update(cancel_requested_at=now) == 1
