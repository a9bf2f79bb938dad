"""Writes steps and ends of runs; called within the transaction of a turn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integrations import conf, models
from integrations.definitions.truncation import capped_lines
from integrations.engine.records import Outcome, StepKey, StepRecord
from integrations.models import run_ends
from integrations.operations import _checkpoints, _database_time, _failures, _families

_IDENTITY = ["run", "sequence", "event", "role", "iteration", "attempt"]
_CHANGING = [
    "type",
    "target",
    "app",
    "status",
    "reason",
    "input",
    "output",
    "error_code",
    "error_message",
    "error_line",
    "error_column",
    "retryable",
    "idempotency_key",
    "started_at",
    "finished_at",
    "due_at",
]

_Place = tuple[StepKey, int]


class StepSheet:
    """Numbers the steps of one run in the order in which they began, also across executions."""

    def __init__(self, run: models.Run) -> None:
        self.run = run
        self._positions: dict[_Place, int] = {}
        self._first = models.Step.objects.filter(run=run).count() if _checkpoints.may_have(run) else 0

    def position_of(self, record: StepRecord) -> int:
        return self._positions.setdefault((record.key, record.attempt), self._first + len(self._positions))


def store_steps(told: Iterable[tuple[StepSheet, StepRecord]]) -> None:
    """Store each step in place of what an earlier record of the same attempt said, all in two statements."""
    latest: dict[tuple[Any, _Place], tuple[models.Step, StepRecord]] = {}
    for sheet, record in told:
        latest[sheet.run.pk, (record.key, record.attempt)] = (_row(sheet, record), record)
    if not latest:
        return
    models.Step.objects.bulk_create(
        [step for step, _ in latest.values()],
        update_conflicts=True,
        unique_fields=_IDENTITY,
        update_fields=_CHANGING,
    )
    models.RunLog.objects.bulk_create([row for step, record in latest.values() for row in _log_rows(step, record)])


def store_ends(ended: Iterable[tuple[models.Run, Outcome]]) -> None:
    """Store how executions ended: each run has ended, or is parked until it is due."""
    ended, now = list(ended), _database_time.now()
    run_ends.store([_end(run, outcome) for run, outcome in ended], now=now)
    _failures.note(_failures_of(ended), now=now)
    for run, outcome in ended:
        if outcome.status != "waiting":
            _families.ended(run, status=models.Run.Status(outcome.status), now=now)
    _families.parked([run for run, outcome in ended if outcome.status == "waiting"], now=now)


def _failures_of(ended: Iterable[tuple[models.Run, Outcome]]) -> Iterable[_failures.Failure]:
    for run, outcome in ended:
        if outcome.status == "failed" and (error := outcome.error):
            yield _failures.Failure(run=run, code=error.code, message=error.message, place=error.place)


def _end(run: models.Run, outcome: Outcome) -> run_ends.RunEnd:
    error = outcome.error
    return run_ends.RunEnd(
        run_id=run.pk,
        fence=run.fence,
        status=models.Run.Status(outcome.status),
        output=outcome.output,
        error_code=error.code if error else "",
        error_message=error.message if error else "",
        error_place=error.place if error else "",
        due_at=outcome.due_at,
        bindings=run.bindings,
    )


def _row(sheet: StepSheet, record: StepRecord) -> models.Step:
    key, error = record.key, record.error
    return models.Step(
        run=sheet.run,
        position=sheet.position_of(record),
        sequence=key.sequence,
        event=key.event,
        role=key.role,
        iteration=models.NO_ITERATION if key.iteration is None else key.iteration,
        attempt=record.attempt,
        type=record.type,
        target=record.target,
        app=record.app or "",
        status=record.status,
        reason=record.reason,
        input=record.input,
        output=record.output,
        error_code=error.code if error else "",
        error_message=error.message if error else "",
        error_line=error.line if error else None,
        error_column=error.column if error else None,
        retryable=error.retryable if error else False,
        idempotency_key=record.idempotency_key,
        started_at=record.started_at,
        finished_at=record.finished_at,
        due_at=record.due_at,
    )


def _log_rows(step: models.Step, record: StepRecord) -> Iterable[models.RunLog]:
    at = record.finished_at or record.started_at
    texts = capped_lines([line.text for line in record.logs], cap_bytes=conf.payload_cap_bytes())
    # What was cut off has no line.
    return (
        models.RunLog(run_id=step.run_id, step=step, at=at, level=line.level, text=text)
        for line, text in zip(record.logs, texts, strict=False)
    )
