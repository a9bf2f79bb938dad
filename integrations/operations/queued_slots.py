"""The times of a job that wait for its runs to end: how many there are, and dropping them."""

from __future__ import annotations

from django.db import transaction

from integrations import models
from integrations.operations import _audit, _database_time, _remarks, _schedules
from integrations.operations.actors import Actor, require

Status = models.Slot.Status


def count(job: models.Job) -> int:
    return models.Slot.objects.queued().filter(job=job).count()


def skip_all(*, by: Actor, reason: str = "") -> int:
    """Start none of the times that wait, of whichever job that `by` may see; return how many these were."""
    _require(by)
    waiting = models.Slot.objects.filter(status=Status.QUEUED).values("job")
    jobs = models.Job.objects.visible_to(by).filter(pk__in=waiting).select_related("integration")
    return sum(skip(job=job, by=by, reason=reason) for job in jobs.order_by("pk"))


def skip(*, job: models.Job, by: Actor, reason: str = "") -> int:
    """Start none of the job's times that wait, which its ledger tells as skipped; return how many these were.

    What is running goes on, and so does the schedule, whose limit does not count them.
    """
    _require(by)
    reason = _remarks.without_secrets(reason, job.integration)
    why = f"skipped by {by} while it waited" + (f": {reason}" if reason else "")
    with transaction.atomic():
        # Whoever starts one of them holds this row, too.
        locked = models.Job.objects.select_for_update().get(pk=job.pk)
        waiting = models.Slot.objects.filter(job=job, status=Status.QUEUED)
        times = list(waiting.values_list("nominal_at", flat=True))
        skipped = waiting.update(status=Status.SKIPPED, reason=why, due_at=None)
        if skipped:
            _schedules.give_back(locked, times, now=_database_time.now())
            _audit.write(
                "skip",
                kind="job",
                tag=job.tag,
                by=by,
                integration=job.integration,
                after={"skipped": skipped},
                reason=reason,
            )
    return skipped


def _require(by: Actor) -> None:
    require(by, "pause_job", to="skip times of jobs")
