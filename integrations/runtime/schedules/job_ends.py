"""What follows when a run of a job has ended: another try, or the next time that waits for it."""

from __future__ import annotations

import datetime as dt
import random

from integrations import models
from integrations.definitions.retry import RetryPolicy
from integrations.engine.nested import NOT_TRIED_AGAIN
from integrations.runtime.db import wakeups
from integrations.runtime.schedules import firing, job_starts


def ended(run: models.Run, *, status: str, now: dt.datetime) -> None:
    """Called by whoever writes a run's final status, in the same transaction.

    A failed run is tried again as a new one: its number of tries, not its steps, is what the job's `retries` count.
    One that was cancelled or quarantined is not, nor one that failed because a nested run was, nor a replay, which a
    person watches.
    """
    is_replay = run.trigger == models.Run.Trigger.REPLAY
    if run.job_id is None or is_replay or (status == models.Run.Status.FAILED and _is_retried(run, now)):
        return
    if run.nominal_at is not None and firing.let_next_go(run.job_id, now=now):
        wakeups.signal()


def _is_retried(run: models.Run, now: dt.datetime) -> bool:
    job = models.Job.objects.filter(pk=run.job_id or 0).only("retries", "retry").first()
    if job is None or run.job_attempt > job.retries:
        return False
    if models.Run.objects.filter(pk=run.pk, error_code__in=NOT_TRIED_AGAIN).exists():
        return False
    policy = None if job.retry is None else RetryPolicy.parse(job.retry)
    delay = job_starts.retry_delay(policy, retry=run.job_attempt, draw=random.random())  # noqa: S311 (no secret)
    job_starts.write_retry(run, after_seconds=delay, now=now)
    return True
