"""The states of a run, and which may follow which. Source: design section 5.7.

    scheduled ─► queued ─► running ─► succeeded | failed | cancelled | quarantined
                   ▲         │ ▲
                   └─────────┤ │   the lease ran out
                             ▼ │
                           waiting   parked: a wait, an approval, a retry that is due later

Nothing follows a final state: trying again is another run.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models


class RunStatus(models.TextChoices):
    SCHEDULED = "scheduled", "Scheduled"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    WAITING = "waiting", "Waiting"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    QUARANTINED = "quarantined", "Quarantined"


#: What may come next. A due run may be claimed at once, without being queued first; a refused approval fails.
TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.SCHEDULED: frozenset({RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.CANCELLED}),
    RunStatus.QUEUED: frozenset({RunStatus.RUNNING, RunStatus.CANCELLED}),
    RunStatus.RUNNING: frozenset(
        {
            RunStatus.QUEUED,
            RunStatus.WAITING,
            RunStatus.SUCCEEDED,
            RunStatus.FAILED,
            RunStatus.CANCELLED,
            RunStatus.QUARANTINED,
        }
    ),
    RunStatus.WAITING: frozenset({RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.FAILED, RunStatus.CANCELLED}),
    RunStatus.SUCCEEDED: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.CANCELLED: frozenset(),
    RunStatus.QUARANTINED: frozenset(),
}

#: Nothing follows these.
FINAL = frozenset(status for status, following in TRANSITIONS.items() if not following)
#: A run in one of these is claimed by a worker once it is due.
CLAIMABLE = frozenset(RunStatus) - FINAL - {RunStatus.RUNNING}


def refuse_illegal(sources: Iterable[RunStatus], to: RunStatus) -> None:
    """Do nothing if `to` may follow every one of `sources`.

    Raises:
        ValueError: it may not, which is a mistake of the calling code.
    """
    for source in sources:
        if to not in TRANSITIONS[source]:
            raise ValueError(f"a {source} run does not become {to}")
