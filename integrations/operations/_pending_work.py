"""Counts what starts or resumes once dispatch is resumed: runs that no worker has, and queued times of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from integrations import models
from integrations.models.run import RunQuerySet
from integrations.models.run_states import RunStatus
from integrations.models.visibility import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingWork:
    #: How many runs there are of each status, in the order of a run's life; only statuses that there are.
    runs: Sequence[tuple[RunStatus, int]]
    #: The jobs whose schedules' times wait for their runs to end, each with how many.
    slots: Sequence[tuple[models.Job, int]]

    @property
    def run_count(self) -> int:
        return sum(count for _, count in self.runs)

    @property
    def slot_count(self) -> int:
        return sum(count for _, count in self.slots)


def look(viewer: Viewer) -> PendingWork:
    """Return the pending work of the integrations that `viewer` may see."""
    counts = dict(runs(viewer).order_by().values_list("status").annotate(Count("pk")))
    slots = models.Slot.objects.queued().visible_to(viewer)
    by_job = dict(slots.order_by().values_list("job").annotate(Count("pk")))
    jobs = models.Job.objects.filter(pk__in=by_job).select_related("integration").order_by("integration__tag", "tag")
    return PendingWork(
        runs=[(status, counts[status]) for status in RunStatus if status in counts],
        slots=[(job, by_job[job.pk]) for job in jobs],
    )


def runs(viewer: Viewer) -> RunQuerySet:
    """Return the unfinished runs that are not being executed: queued, scheduled for later, or parked."""
    return models.Run.objects.visible_to(viewer).unfinished().filter(lease_until__isnull=True)
