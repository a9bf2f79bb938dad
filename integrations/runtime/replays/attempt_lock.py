"""Lets one attempt at a thing be made at a time, so that whoever asks for another knows all that has been written."""

from __future__ import annotations

from django.db import connection

from integrations import models
from integrations.errors import OperationRefused
from integrations.runtime.history import lineage

Status = models.Run.Status


def take(run: models.Run) -> None:
    """Wait for whoever makes another attempt at what `run` did at this moment; called in a transaction.

    The oldest run that is linked to it stands for all of them. On SQLite the transaction itself is the turn.
    """
    if connection.vendor == "postgresql":
        oldest = min(lineage.kin_of([run.pk]))
        list(models.Run.objects.filter(pk=oldest).select_for_update(no_key=True).values_list("pk"))


def require_all_ended(run: models.Run) -> None:
    """Do nothing unless another attempt, at all of what `run` did or at a part, may still write.

    Raises:
        OperationRefused
    """
    others = lineage.kin_of([run.pk]) - {run.pk}
    other = models.Run.objects.unfinished().filter(pk__in=others).only("status").order_by("pk").first()
    if other is not None:
        what = f"run {other.pk}, which may write the same, is still {other.status}"
        raise OperationRefused(f"{what}; wait until it has ended, or cancel it")


def refuse_done(run: models.Run) -> None:
    """Do nothing unless a later attempt has succeeded.

    Raises:
        OperationRefused
    """
    later = [run_id for run_id in lineage.attempts_at([run.pk]) if run_id > run.pk]
    done = models.Run.objects.filter(pk__in=later, status=Status.SUCCEEDED).only("pk").order_by("pk").last()
    if done is not None:
        raise OperationRefused(f"run {done.pk}, a later attempt, has succeeded; replay this one to do it once more")
