"""Workers: the processes that execute runs, as they report themselves."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models
from django.utils import timezone


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self, now: dt.datetime) -> WorkerQuerySet:
        """Return the workers that have reported recently; each reports every few seconds."""
        return self.filter(seen_at__gt=now - Worker.SILENCE)


class Worker(models.Model):
    """One process. Its name is new with each start, so that a run's worker is never mistaken for a later one."""

    #: A worker that has not reported for this long counts as gone: as long as its leases last.
    SILENCE = dt.timedelta(seconds=20)

    name = models.CharField(max_length=200, unique=True)
    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    #: How many runs it executes at once.
    concurrency = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)
    #: Finishes its runs and claims no more.
    is_stopping = models.BooleanField(default=False)
    #: Runs brought to an end or parked since it started.
    executed = models.PositiveBigIntegerField(default=0)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name

    # Mutators

    def report(self, now: dt.datetime, **changes: Any) -> None:
        """Store that the worker is alive, and what else has changed."""
        Worker.objects.update_or_create(
            name=self.name,
            defaults={"seen_at": now, **changes},
            create_defaults={
                "host": self.host,
                "pid": self.pid,
                "concurrency": self.concurrency,
                "started_at": now,
                "seen_at": now,
                **changes,
            },
        )
