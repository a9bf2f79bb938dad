"""Watches a run that somebody else executes, through what is stored of it."""

from __future__ import annotations

import math
import time

from integrations import models
from integrations.connectors.base import LogLine
from integrations.runtime.db import clock
from integrations.runtime.execution.driver import OnStep
from integrations.runtime.history.step_records import record_of

_LOOK_SECONDS = 0.2
_ENDED = frozenset({"succeeded", "failed", "skipped", "waiting", "cancelled"})

#: Steps by id, with the status that was told of.
Told = set[tuple[int, str]]


def follow(run: models.Run, *, on_step: OnStep | None, patience_seconds: float) -> models.Run:
    """Return the run once it has ended, or waits for longer than `patience_seconds`; tells of each step that ends.

    Steps that had ended before are told first. Patience without end (`math.inf`) follows it to its end. One that waits
    for a run that it has started waits as long as that one does.
    """
    told: Told = set()
    while True:
        run.refresh_from_db()
        if on_step is not None:
            tell(run, on_step, told)
        if run.is_final or _waits_longer(run, patience_seconds):
            return run
        time.sleep(_LOOK_SECONDS)


def tell(run: models.Run, on_step: OnStep, told: Told | None = None) -> None:
    """Tell of each step that has come to something, but for those in `told`, and note them there."""
    told = set() if told is None else told
    for step in run.steps.filter(status__in=sorted(_ENDED)).order_by("position").prefetch_related("logs"):
        if (step.pk, step.status) not in told:
            told.add((step.pk, step.status))
            on_step(record_of(step, logs=tuple(LogLine(line.level, line.text) for line in step.logs.all())))


def _waits_longer(run: models.Run, patience_seconds: float) -> bool:
    if run.status != models.Run.Status.WAITING or math.isinf(patience_seconds):
        return False
    if run.due_at is not None and (run.due_at - clock.now()).total_seconds() <= patience_seconds:
        return False
    nested = models.Run.objects.unfinished().filter(parent=run)
    return all(_waits_longer(each, patience_seconds) for each in nested)
