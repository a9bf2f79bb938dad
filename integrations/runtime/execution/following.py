"""Watches a run that another process executes, through what is stored of it."""

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

#: Steps by id, with the status that was reported.
Reported = set[tuple[int, str]]


def follow(run: models.Run, *, on_step: OnStep | None, patience_seconds: float) -> models.Run:
    """Return the run once it has ended, or waits for longer than `patience_seconds`; report each step that ends.

    Steps that had ended before are reported first. Patience without end (`math.inf`) follows it to its end. A run that
    waits for one that it has started waits as long as that one does.
    """
    reported: Reported = set()
    while True:
        run.refresh_from_db()
        if on_step is not None:
            report(run, on_step, reported)
        if run.is_final or _waits_longer(run, patience_seconds):
            return run
        time.sleep(_LOOK_SECONDS)


def report(run: models.Run, on_step: OnStep, reported: Reported | None = None) -> None:
    """Report each step that has ended or waits, but for those in `reported`, and add them there."""
    reported = set() if reported is None else reported
    for step in run.steps.filter(status__in=sorted(_ENDED)).order_by("position").prefetch_related("logs"):
        if (step.pk, step.status) not in reported:
            reported.add((step.pk, step.status))
            on_step(record_of(step, logs=tuple(LogLine(line.level, line.text) for line in step.logs.all())))


def _waits_longer(run: models.Run, patience_seconds: float) -> bool:
    if run.status != models.Run.Status.WAITING or math.isinf(patience_seconds):
        return False
    if run.due_at is not None and (run.due_at - clock.now()).total_seconds() <= patience_seconds:
        return False
    nested = models.Run.objects.unfinished().filter(parent=run)
    return all(_waits_longer(each, patience_seconds) for each in nested)
