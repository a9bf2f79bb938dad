"""The times of a job that wait for its runs to end: how many there are, and dropping them."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from integrations import models
from integrations.actors import Actor, require
from integrations.operations import _audit, _free_text
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.schedules import next_fire

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
    reason = _free_text.without_secrets(reason, job.integration)
    why = f"skipped by {by} while it waited" + (f": {reason}" if reason else "")
    with transaction.atomic():
        skipped = _skip(job.pk, why=why, now=clock.now())
        if skipped:
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


def skip_restored(*, now: dt.datetime) -> int:
    """Start none of the times that wait anywhere, and return how many these were: `now` a restore is confirmed.

    They were fired before, or nobody knows. Called in the transaction that lets schedules go on.
    """
    waiting = models.Slot.objects.queued().order_by("job_id").values_list("job_id", flat=True).distinct()
    return sum(_skip(job_id, why=dispatch_state.RESTORED, now=now) for job_id in waiting)


def _skip(job_id: int, *, why: str, now: dt.datetime) -> int:
    # Whoever starts one of them holds this row, too.
    job = models.Job.objects.select_for_update().get(pk=job_id)
    waiting = models.Slot.objects.filter(job=job, status=Status.QUEUED)
    times = list(waiting.values_list("nominal_at", flat=True))
    skipped = waiting.update(status=Status.SKIPPED, reason=why, due_at=None)
    if skipped:
        next_fire.give_back(job, times, now=now)
    return skipped


def _require(by: Actor) -> None:
    require(by, "pause_job", to="skip times of jobs")
