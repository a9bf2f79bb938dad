"""Prints a run's steps as they happen, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Callable

from integrations import models, strict_json
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
            write(f"      {line.level}: {printable(line.text)}")

    return show


def ending(run: models.Run) -> str:
    """Return how the run ended: its output as indented JSON, the error and its place, or what it waits for."""
    if run.status == models.Run.Status.SUCCEEDED:
        return "succeeded\n" + _escaped(strict_json.pretty(run.output))
    if run.status == models.Run.Status.WAITING:
        return _waiting(run)
    place = f" at {run.error_place}" if run.error_place else ""
    return f"{run.status}{place}: {printable(run.error_message)}" if run.error_message else f"{run.status}{place}"


def _waiting(run: models.Run) -> str:
    until = f" until {run.due_at.isoformat(timespec='seconds')}" if run.due_at else ""
    reasons = run.steps.filter(status=models.Step.Status.WAITING).order_by("position").values_list("reason", flat=True)
    why = "; ".join(dict.fromkeys(map(printable, filter(None, reasons))))
    shown = f"waiting{until} ({why})" if why else f"waiting{until}"
    return f"{shown}; a worker goes on with it, or: manage.py resume_run {run.pk}"


def _duration(step: StepRecord) -> str:
    if step.finished_at is None:
        return ""
    return f"{(step.finished_at - step.started_at).total_seconds() * 1000:.1f} ms"


def _why(step: StepRecord) -> str:
    return printable(step.error.message if step.error else step.reason)


def printable(text: str) -> str:
    """Return the text on one line: what an API or a function says must not move the cursor or clear the screen."""
    return "".join(character if character.isprintable() else " " for character in text)


def _escaped(json_text: str) -> str:
    """Return the same JSON with every character escaped that would not be seen."""
    shown = (char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in json_text)
    return "".join(shown)
