"""Executes one run in this process: opens what it needs, lets the engine work, stores what it tells."""

from __future__ import annotations

import datetime as dt
import logging
import queue
import time
from collections.abc import Callable
from typing import Any

from django.db.models import F

from integrations import models
from integrations.connectors.redaction import Redactor
from integrations.engine import executor
from integrations.engine.context import Context, RunInfo
from integrations.engine.records import Outcome, StepRecord
from integrations.errors import OperationRefused
from integrations.operations import _checkpoints, _opening, _runtime
from integrations.operations._recording import Entry, QueueRecorder, StepWriter, write_until_done

logger = logging.getLogger(__name__)

#: Told of each step as it is stored.
OnStep = Callable[[StepRecord], None]
Status = models.Run.Status


def execute(run: models.Run, *, on_step: OnStep | None = None, patience_seconds: float = 30.0) -> models.Run:
    """Execute a queued or waiting run to its end, and return it as it then stands.

    A run that parks (a retry or a wait that is due later) is waited for while that takes no longer than
    `patience_seconds` at a time; beyond, it is returned as `waiting`, and executing it again goes on from there.

    Raises:
        OperationRefused: the run is not one that can be executed now.
    """
    while True:
        _claim(run)
        outcome = _execute_once(run, on_step)
        _settle(run, outcome)
        seconds = _seconds_until(outcome.due_at)
        if run.status != Status.WAITING or seconds > patience_seconds:
            return run
        time.sleep(max(seconds, 0))


def _claim(run: models.Run) -> None:
    claimed = models.Run.objects.transition(
        run.pk, from_=(Status.QUEUED, Status.WAITING), to=Status.RUNNING, attempts=F("attempts") + 1
    )
    run.refresh_from_db()
    if not claimed:
        raise OperationRefused(f"run {run.pk} is {run.status}; only a queued or waiting run can be executed")


def take_over(run: models.Run) -> None:
    """Put a run back into the queue whose process is gone; it goes on behind its last checkpoint."""
    if not models.Run.objects.transition(run.pk, from_=Status.RUNNING, to=Status.QUEUED, due_at=_now()):
        raise OperationRefused(f"run {run.pk} is {run.status}; only a running one can be taken over")
    run.refresh_from_db()


def _execute_once(run: models.Run, on_step: OnStep | None) -> Outcome:
    runtime = _runtime.shared()
    entries: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
    context = _context(run, QueueRecorder(entries), runtime)
    writer = StepWriter(run)

    def write(records: list[StepRecord]) -> None:
        writer(records)
        if on_step is not None:
            for record in records:
                on_step(record)

    execution = runtime.submit(executor.execute(context))
    return write_until_done(entries, execution, write, runtime.acknowledge)


def _context(run: models.Run, recorder: QueueRecorder, runtime: _runtime.Runtime) -> Context:
    release = run.release.to_definition()
    opened = _opening.open_for(run.environment)
    return Context(
        run=_run_info(run, release.feature.tag),
        release=release,
        input=run.input,
        bindings=opened.bindings,
        secrets=opened.secrets,
        actions=runtime.actions,
        functions=runtime.functions,
        recorder=recorder,
        redactor=Redactor(opened.texts),
        clock=runtime.clock,
        checkpoints=_checkpoints.of(run),
    )


def _run_info(run: models.Run, feature_tag: str) -> RunInfo:
    return RunInfo(
        id=str(run.pk),
        integration=run.integration.tag,
        feature=feature_tag,
        environment_slug=run.environment.slug,
        environment_name=run.environment.env_name,
        created_at=run.created_at,
    )


def _settle(run: models.Run, outcome: Outcome) -> None:
    """Write how the execution ended; a run that was cancelled meanwhile stays cancelled."""
    changes: dict[str, Any] = {
        "output": outcome.output,
        "due_at": outcome.due_at,
        "error_code": outcome.error.code if outcome.error else "",
        "error_message": outcome.error.message if outcome.error else "",
        "error_place": outcome.error.place if outcome.error else "",
    }
    models.Run.objects.transition(run.pk, from_=Status.RUNNING, to=Status(outcome.status), **changes)
    run.refresh_from_db()
    logger.info("Run ended", extra={"action": "run_ended", "run": str(run.pk), "status": run.status})


def _now() -> dt.datetime:
    return _runtime.shared().clock.now()


def _seconds_until(due_at: dt.datetime | None) -> float:
    return (due_at - _now()).total_seconds() if due_at else 0.0
