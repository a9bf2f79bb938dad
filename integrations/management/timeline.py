"""Prints a run's steps as they happen, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Callable

from integrations import models
from integrations.engine.records import StepRecord

Write = Callable[[str], object]
#: Steps that were told of as running are told of again when they end.
_SHOWN = frozenset({"succeeded", "failed", "skipped", "waiting", "cancelled"})


def step_line(step: StepRecord) -> str:
    """Return one line: place, kind, status, duration, and why."""
    place = f"{step.key.sequence}/{step.key.event}"
    if step.key.iteration is not None:
        place += f"[{step.key.iteration}]"
    if step.attempt > 1:
        place += f" (attempt {step.attempt})"
    kind = step.type if step.key.role == "event" else f"{step.key.role} {step.type}"
    return f"  {place:<40} {kind:<16} {step.status:<10} {_duration(step):>10}  {_why(step)}".rstrip()


def printer(write: Write) -> Callable[[StepRecord], None]:
    """Return what prints each step once it has come to something."""

    def show(step: StepRecord) -> None:
        if step.status in _SHOWN:
            write(step_line(step))
        for line in step.logs:
            write(f"      {line.level}: {line.text}")

    return show


def ending(run: models.Run) -> str:
    """Return how the run ended: its output as indented JSON, or the error and its place."""
    if run.status == models.Run.Status.SUCCEEDED:
        return "succeeded\n" + json.dumps(run.output, indent=2, ensure_ascii=False)
    place = f" at {run.error_place}" if run.error_place else ""
    return f"{run.status}{place}: {run.error_message}".rstrip(": ")


def _duration(step: StepRecord) -> str:
    if step.finished_at is None:
        return ""
    return f"{(step.finished_at - step.started_at).total_seconds() * 1000:.1f} ms"


def _why(step: StepRecord) -> str:
    return step.error.message if step.error else step.reason
