"""Stores steps and ends of runs: they are made ready without the database, and written within a transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from integrations import conf, models
from integrations.definitions.truncation import capped_lines
from integrations.engine.records import RUN_ABOVE_FAILED, Outcome, RunError, StepKey, StepRecord
from integrations.models import run_ends, step_writes
from integrations.models.step import IDENTITY, Identity
from integrations.runtime.history import checkpoints
from integrations.runtime.lifecycle import failure_grouping, run_tree

_Place = tuple[StepKey, int]


class StepNumbers:
    """Numbers the steps of one run in the order in which they began, also across its executions."""

    def __init__(self, run: models.Run) -> None:
        self.run = run
        self._positions: dict[_Place, int] = {}
        self._first = models.Step.objects.filter(run=run).count() if checkpoints.may_have(run) else 0

    def position_of(self, record: StepRecord) -> int:
        return self._positions.setdefault((record.key, record.attempt), self._first + len(self._positions))


@dataclass(frozen=True, slots=True)
class ReadyStep:
    run_id: uuid.UUID
    record: StepRecord
    identity: Identity
    parameters: step_writes.Parameters


@dataclass(frozen=True, slots=True)
class ReadyEnd:
    run: models.Run
    outcome: Outcome
    parameters: run_ends.Parameters


def ready_steps(records: Iterable[tuple[StepNumbers, StepRecord]]) -> list[ReadyStep]:
    """Return the latest record of each attempt, ready to be stored."""
    latest = {(numbers.run.pk, record.key, record.attempt): (numbers, record) for numbers, record in records}
    return [_ready(numbers, record) for numbers, record in latest.values()]


def ready_ends(ended: Iterable[tuple[models.Run, Outcome]], *, now: dt.datetime) -> list[ReadyEnd]:
    return [ReadyEnd(run, outcome, run_ends.parameters(_end(run, outcome, now=now), now=now)) for run, outcome in ended]


def store_steps(steps: Sequence[ReadyStep]) -> None:
    """Store each step in place of an earlier record of the same attempt."""
    step_writes.store([step.parameters for step in steps])
    logged = [step for step in steps if step.record.logs]
    if logged:
        keys = models.Step.objects.primary_keys([step.identity for step in logged])
        models.RunLog.objects.bulk_create([row for step in logged for row in _log_rows(step, keys)])


def store_failure(run_id: uuid.UUID, error: RunError) -> None:
    """Store the error of a run that is about to be undone: also a worker that reclaims it then undoes it."""
    models.Run.objects.fail(run_id, code=error.code, message=error.message, place=error.place)


def store_ends(ends: Sequence[ReadyEnd], *, now: dt.datetime) -> None:
    """Store how executions ended: each run has ended, or is parked until it is due."""
    final = [end for end in ends if end.outcome.status != "waiting"]
    parked = [end for end in ends if end.outcome.status == "waiting"]
    run_ends.store([end.parameters for end in final])
    run_ends.park([end.parameters for end in parked])
    failures = [
        failure_grouping.Failure(run=end.run, code=error.code, message=error.message, place=error.place)
        for end in final
        # A failure of the run above is counted there.
        if end.outcome.status == "failed" and (error := end.outcome.error) and error.code != RUN_ABOVE_FAILED
    ]
    failure_grouping.note(failures, now=now)
    for end in final:
        status, leaves_steps = models.Run.Status(end.outcome.status), end.outcome.leaves_steps
        run_tree.ended(end.run, status=status, now=now, leaves_steps=leaves_steps)
    run_tree.parked([end.run for end in parked], now=now)


def _end(run: models.Run, outcome: Outcome, *, now: dt.datetime) -> run_ends.RunEnd:
    error = outcome.error
    return run_ends.RunEnd(
        run_id=run.pk,
        fence=run.fence,
        status=models.Run.Status(outcome.status),
        output=outcome.output,
        error_code=error.code if error else "",
        error_message=error.message if error else "",
        error_place=error.place if error else "",
        due_at=_due_at(outcome, now=now),
        bindings=run.bindings,
    )


def _due_at(outcome: Outcome, *, now: dt.datetime) -> dt.datetime | None:
    """Return when a parked run is due, by the database's clock, which is what claims go by.

    It is as far away as by the clock of this process. If that one were behind and the time were used as it is, the run
    would be claimed at once, find that it has to wait, and be parked again, over and over.
    """
    if outcome.due_at is None:
        return None
    return max(outcome.due_at, now + (outcome.due_at - timezone.now()))


def _ready(numbers: StepNumbers, record: StepRecord) -> ReadyStep:
    key, error = record.key, record.error
    iteration = models.NO_ITERATION if key.iteration is None else key.iteration
    identity = (numbers.run.pk, key.sequence, key.event, key.role, iteration, record.attempt)
    columns = {
        **dict(zip(IDENTITY, identity, strict=True)),
        "position": numbers.position_of(record),
        "type": record.type,
        "target": record.target,
        "app": record.app or "",
        "status": record.status,
        "reason": record.reason,
        "input": record.input,
        "output": record.output,
        "error_code": error.code if error else "",
        "error_message": error.message if error else "",
        "error_line": error.line if error else None,
        "error_column": error.column if error else None,
        "retryable": error.retryable if error else False,
        "idempotency_key": record.idempotency_key,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "due_at": record.due_at,
    }
    return ReadyStep(numbers.run.pk, record, identity, step_writes.parameters(columns))


def _log_rows(step: ReadyStep, keys: Mapping[Identity, int]) -> Iterable[models.RunLog]:
    record = step.record
    key = keys[step.identity]
    at = record.finished_at or record.started_at
    texts = capped_lines([line.text for line in record.logs], cap_bytes=conf.payload_cap_bytes())
    # Lines beyond the cap are left out.
    return (
        models.RunLog(run_id=step.run_id, step_id=key, at=at, level=line.level, text=text)
        for line, text in zip(record.logs, texts, strict=False)
    )
