"""The worker board: workers, backlog, open circuits, throttled apps.

Counts take what is unfinished, by the indexes that the queue itself uses; finished runs are never read. Names and
counts of integrations are those that the viewer may see; how busy a worker is, every viewer of workers may see.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, CharField, Count, Min, Q, Value, When

from integrations import models
from integrations.engine import budgets
from integrations.models.run import RunQuerySet, is_on_hold
from integrations.models.visibility import Viewer
from integrations.runtime.dispatch import state as dispatch_state

#: Runs that are named of each worker; the others are counted.
SHOWN_RUNS = 5
#: Running runs that are read for that, and circuits and budgets that are shown.
_MOST_RUNNING, _MOST_SHOWN = 2_000, 50
#: A worker that has not reported for longer is left out.
_FORGOTTEN_AFTER = dt.timedelta(hours=1)

#: What runs wait for, in the order in which it is shown.
WAITS = ("wait", "approval", "retry", "nested", "rate")
#: What a waiting step waits for, one of `WAITS`.
_WAIT = Case(
    When(~Q(error_code=""), then=Value("retry")),
    When(type="approval", then=Value("approval")),
    When(type="wait", then=Value("wait")),
    When(type="feature", then=Value("nested")),
    default=Value("rate"),
    output_field=CharField(),
)

Status = models.Run.Status
_TO_BEGIN = (Status.SCHEDULED, Status.QUEUED)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """A worker, or a process that executes runs of its own, of which only the name is known."""

    name: str
    worker: models.Worker | None
    is_alive: bool
    #: How many runs it executes, of any integration.
    running: int
    #: The first of those that the viewer may see.
    runs: Sequence[models.Run]

    @property
    def unnamed(self) -> int:
        return self.running - len(self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How many runs of one integration are unfinished."""

    integration: models.Integration
    running: int = 0
    #: May be claimed now.
    due: int = 0
    #: Since when the oldest of these has been due.
    oldest_due_at: dt.datetime | None = None
    #: Begin later: when their time has come, or once their environment does not hold them any more.
    scheduled: int = 0
    #: Parked.
    waiting: int = 0
    #: Parked runs by what they wait for, one of `WAITS`; a run that waits for two things counts in both.
    waits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """An app environment whose calls are made to wait by its rate budget."""

    environment: models.AppEnvironment
    limit: int
    #: Seconds.
    period: float
    #: When the next call may be made.
    free_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    at: dt.datetime
    #: Set while dispatch is paused.
    pause: models.SystemState | None
    workers: Sequence[WorkerRow]
    #: Of the integrations that have something unfinished, by name.
    backlogs: Sequence[Backlog]
    circuits: Sequence[models.Circuit]
    throttles: Sequence[Throttle]


def look(viewer: Viewer, *, now: dt.datetime) -> Board:
    """Return the board as of `now`, in a fixed number of queries."""
    return Board(
        at=now,
        pause=models.SystemState.objects.filter(dispatch_paused=True).first(),
        workers=_workers(viewer, now),
        backlogs=_backlogs(viewer, now),
        circuits=_circuits(viewer),
        throttles=_throttles(now),
    )


def _workers(viewer: Viewer, now: dt.datetime) -> list[WorkerRow]:
    leased = models.Run.objects.filter(lease_until__isnull=False)
    counts = Counter(dict(leased.values_list("worker").annotate(number=Count("pk"))))
    runs: dict[str, list[models.Run]] = defaultdict(list)
    shown = leased.visible_to(viewer).select_related("feature").only("worker", "started_at", "feature__tag")
    # Sorted here: for the database's own order SQLite would read all runs there are.
    for run in sorted(shown[:_MOST_RUNNING], key=lambda run: run.pk):
        runs[run.worker].append(run)
    rows = models.Worker.objects.filter(seen_at__gt=now - _FORGOTTEN_AFTER).order_by("started_at", "pk")
    workers = {worker.name: worker for worker in rows}
    return [
        WorkerRow(
            name=name,
            worker=workers.get(name),
            is_alive=name in workers and workers[name].seen_at > now - models.Worker.SILENCE,
            running=counts[name],
            runs=runs[name][:SHOWN_RUNS],
        )
        for name in (*workers, *sorted(counts.keys() - workers.keys()))
    ]


def _backlogs(viewer: Viewer, now: dt.datetime) -> list[Backlog]:
    queued = {row.pop("integration"): row for row in _queued(viewer, now)}
    leased = models.Run.objects.visible_to(viewer).filter(lease_until__isnull=False).order_by()
    running = dict(leased.values_list("integration").annotate(number=Count("pk")))
    waits = _waits(viewer, now) if any(row["waiting"] for row in queued.values()) else {}
    named = models.Integration.objects.filter(pk__in=[*queued, *running]).only("name").order_by("name")
    return [
        Backlog(
            integration=integration,
            running=running.get(integration.pk, 0),
            waits=waits.get(integration.pk, {}),
            **queued.get(integration.pk, {}),
        )
        for integration in named
    ]


def _queued(viewer: Viewer, now: dt.datetime) -> Any:
    """Return the columns of `Backlog` about runs that are not being executed, by integration."""
    has_come = Q(due_at__lte=now)
    due = has_come & ~is_on_hold() if dispatch_state.holds_runs() else has_come
    return (
        _unleased(viewer)
        .values("integration")
        .order_by()
        .annotate(
            due=Count("pk", filter=due),
            oldest_due_at=Min("due_at", filter=due),
            scheduled=Count("pk", filter=~due & Q(status__in=_TO_BEGIN)),
            waiting=Count("pk", filter=Q(status=Status.WAITING) & (~has_come | Q(due_at=None))),
        )
    )


def _waits(viewer: Viewer, now: dt.datetime) -> dict[int, dict[str, int]]:
    """Return how many runs wait for what, by integration. A wait that has ended stays with its step as it was."""
    parked = _unleased(viewer).filter(status=Status.WAITING).filter(Q(due_at=None) | Q(due_at__gt=now))
    steps = models.Step.objects.filter(run__in=parked, status=models.Step.Status.WAITING)
    pending = steps.filter(Q(due_at=None) | Q(due_at__gt=now)).annotate(wait=_WAIT)
    counts = pending.values_list("run__integration", "wait").order_by().annotate(number=Count("run", distinct=True))
    waits: dict[int, dict[str, int]] = defaultdict(dict)
    for integration_id, wait, number in counts:
        waits[integration_id][wait] = number
    return waits


def _unleased(viewer: Viewer) -> RunQuerySet:
    """Return the unfinished runs that are not being executed: the words of the index `run_queue`."""
    return models.Run.objects.visible_to(viewer).unfinished().filter(lease_until__isnull=True)


def _circuits(viewer: Viewer) -> list[models.Circuit]:
    visible = models.Environment.objects.visible_to(viewer)
    rows = models.Circuit.objects.exclude(state=models.Circuit.State.CLOSED).filter(environment__in=visible)
    return list(rows.select_related("environment__integration", "app_environment__app").order_by("until")[:_MOST_SHOWN])


def _throttles(now: dt.datetime) -> list[Throttle]:
    """Return the app environments whose next call has to wait, longest first."""
    ahead = models.RateBudget.objects.filter(paid_until__gt=now).select_related("app_environment__app")
    throttles = []
    for row in ahead.order_by("-paid_until")[:_MOST_SHOWN]:
        limit = row.app_environment.to_definition().rate_limit
        if limit is None:
            continue
        _, delay = budgets.reserve(limit, budgets.Budget(row.paid_until, row.sent_until), now=now)
        if delay > 0:
            free_at = now + dt.timedelta(seconds=delay)
            throttles.append(
                Throttle(environment=row.app_environment, limit=limit.limit, period=limit.period, free_at=free_at)
            )
    return throttles
