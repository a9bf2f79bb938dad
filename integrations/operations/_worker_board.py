"""What there is to watch: who executes runs, what waits in the queue and why, and which apps are held back.

Counts take what is unfinished, by the indexes that the queue itself uses; finished runs are never read. Names and
counts of integrations are those that the reader may see; how busy a worker is, everyone may see who may see workers.
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
from integrations.models.run import is_withheld
from integrations.models.visibility import Viewer
from integrations.runtime.dispatch import state as dispatch_state

#: Runs that are named of each holder; the others are counted.
SHOWN_RUNS = 5
#: Held runs that are looked at for that, and circuits and budgets that are shown.
_MOST_HELD, _MOST_SHOWN = 2_000, 50
#: A worker that was not heard of for longer is of no interest any more.
_FORGOTTEN_AFTER = dt.timedelta(hours=1)

#: What runs wait for, in the order in which it is shown.
WAITS = ("wait", "approval", "retry", "nested", "rate")

Status = models.Run.Status
_TO_BEGIN = (Status.SCHEDULED, Status.QUEUED)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """Somebody who executes runs: a worker, or a process that executes its own, of which only the name is known."""

    name: str
    worker: models.Worker | None
    is_alive: bool
    #: How many runs it holds, of whichever integration.
    held: int
    #: The first of those that the reader may see.
    runs: Sequence[models.Run]

    @property
    def unnamed(self) -> int:
        return self.held - len(self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What of one integration is unfinished."""

    integration: models.Integration
    running: int = 0
    #: May be taken up now.
    due: int = 0
    #: Since when the oldest of these has been due.
    oldest_due_at: dt.datetime | None = None
    #: Begins later: when its time has come, or once its environment does not withhold it any more.
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
    #: When a call may be made that is asked for now.
    free_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    at: dt.datetime
    #: Set while nothing is taken up.
    pause: models.SystemState | None
    seats: Sequence[WorkerRow]
    #: Of the integrations that have something unfinished, by name.
    backlogs: Sequence[Backlog]
    circuits: Sequence[models.Circuit]
    throttles: Sequence[Throttle]


def look(viewer: Viewer, *, now: dt.datetime) -> Board:
    """Return how things stand at `now`, in a fixed number of queries."""
    return Board(
        at=now,
        pause=models.SystemState.objects.filter(dispatch_paused=True).first(),
        seats=_seats(viewer, now),
        backlogs=_backlogs(viewer, now),
        circuits=_circuits(viewer),
        throttles=_throttles(now),
    )


# Who executes runs


def _seats(viewer: Viewer, now: dt.datetime) -> list[WorkerRow]:
    held = models.Run.objects.filter(lease_until__isnull=False)
    counts = Counter(dict(held.values_list("worker").annotate(number=Count("pk"))))
    runs = _by_holder(held.visible_to(viewer))
    workers = list(models.Worker.objects.filter(seen_at__gt=now - _FORGOTTEN_AFTER).order_by("started_at", "pk"))
    seats = [_seat(worker.name, worker, now, counts, runs) for worker in workers]
    others = sorted(counts.keys() - {worker.name for worker in workers})
    return [*seats, *(_seat(name, None, now, counts, runs) for name in others)]


def _by_holder(held: Any) -> Mapping[str, list[models.Run]]:
    rows = held.select_related("feature").only("worker", "started_at", "feature__tag")[:_MOST_HELD]
    by_holder: dict[str, list[models.Run]] = defaultdict(list)
    # Sorted here: for the database's own order SQLite would read all runs there are.
    for run in sorted(rows, key=lambda run: run.pk):
        by_holder[run.worker].append(run)
    return by_holder


def _seat(
    name: str,
    worker: models.Worker | None,
    now: dt.datetime,
    counts: Mapping[str, int],
    runs: Mapping[str, list[models.Run]],
) -> WorkerRow:
    return WorkerRow(
        name=name,
        worker=worker,
        is_alive=worker is not None and worker.seen_at > now - models.Worker.SILENCE,
        held=counts.get(name, 0),
        runs=runs.get(name, [])[:SHOWN_RUNS],
    )


# What is in the queue


def _backlogs(viewer: Viewer, now: dt.datetime) -> list[Backlog]:
    queued = {row.pop("integration"): row for row in _queued(viewer, now)}
    running = _running(viewer)
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
    """Return the columns of `Backlog` that are about what nobody holds, by integration."""
    has_come = Q(due_at__lte=now)
    due = has_come & ~is_withheld() if dispatch_state.withholds() else has_come
    return (
        _unheld(viewer)
        .values("integration")
        .order_by()
        .annotate(
            due=Count("pk", filter=due),
            oldest_due_at=Min("due_at", filter=due),
            scheduled=Count("pk", filter=~due & Q(status__in=_TO_BEGIN)),
            waiting=Count("pk", filter=Q(status=Status.WAITING) & (~has_come | Q(due_at=None))),
        )
    )


def _running(viewer: Viewer) -> dict[int, int]:
    rows = models.Run.objects.visible_to(viewer).filter(lease_until__isnull=False).order_by()
    return dict(rows.values_list("integration").annotate(number=Count("pk")))


def _waits(viewer: Viewer, now: dt.datetime) -> dict[int, dict[str, int]]:
    """Return how many runs wait for what, by integration. A wait that is over stays with its step as it was."""
    parked = _unheld(viewer).filter(status=Status.WAITING).filter(Q(due_at=None) | Q(due_at__gt=now))
    steps = models.Step.objects.filter(run__in=parked, status=models.Step.Status.WAITING)
    pending = steps.filter(Q(due_at=None) | Q(due_at__gt=now)).annotate(wait=_wait())
    counts = pending.values_list("run__integration", "wait").order_by().annotate(number=Count("run", distinct=True))
    waits: dict[int, dict[str, int]] = defaultdict(dict)
    for integration_id, wait, number in counts:
        waits[integration_id][wait] = number
    return waits


def _unheld(viewer: Viewer) -> Any:
    """Return the unfinished runs that nobody holds: the words of the index `run_queue`."""
    return models.Run.objects.visible_to(viewer).unfinished().filter(lease_until__isnull=True)


def _wait() -> Case:
    """Return the expression for what a waiting step waits for, one of `WAITS`."""
    return Case(
        When(~Q(error_code=""), then=Value("retry")),
        When(type="approval", then=Value("approval")),
        When(type="wait", then=Value("wait")),
        When(type="feature", then=Value("nested")),
        default=Value("rate"),
        output_field=CharField(),
    )


# What is held back


def _circuits(viewer: Viewer) -> list[models.Circuit]:
    seen = models.Environment.objects.visible_to(viewer)
    rows = models.Circuit.objects.exclude(state=models.Circuit.State.CLOSED).filter(environment__in=seen)
    return list(rows.select_related("environment__integration", "app_environment__app").order_by("until")[:_MOST_SHOWN])


def _throttles(now: dt.datetime) -> list[Throttle]:
    ahead = models.RateBudget.objects.filter(paid_until__gt=now).select_related("app_environment__app")
    found = (_throttle(budget, now) for budget in ahead.order_by("-paid_until")[:_MOST_SHOWN])
    return [each for each in found if each is not None]


def _throttle(budget: models.RateBudget, now: dt.datetime) -> Throttle | None:
    environment = budget.app_environment
    limit = environment.to_definition().rate_limit
    if limit is None:
        return None
    _, delay = budgets.reserve(limit, budgets.Budget(budget.paid_until, budget.sent_until), now=now)
    if delay == 0:
        return None
    free_at = now + dt.timedelta(seconds=delay)
    return Throttle(environment=environment, limit=limit.limit, period=limit.period, free_at=free_at)
