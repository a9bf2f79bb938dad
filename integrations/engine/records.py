"""What the engine tells: one record a step's turn, and how the run ended."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from integrations.connectors.base import LogLine
from integrations.types import Json

StepStatus = Literal["running", "waiting", "succeeded", "failed", "skipped", "cancelled"]
Role = Literal["event", "fallback", "rollback"]
RunStatus = Literal["succeeded", "failed", "cancelled", "waiting"]
#: The error code of a run that took too long: it is over, however often its steps might be tried.
RUN_TIMEOUT = "run_timeout"
#: The error code of a nested run that had not ended when the run above it failed.
RUN_ABOVE_FAILED = "run_above_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepKey:
    """Which step: one event, in one iteration of its loop, in one role."""

    sequence: str
    #: The event's tag, also for its fallback and its rollback; a fallback of those is `tag~2`, its own `tag~3`, …
    event: str
    #: 0-based iteration of a do_while or for_each; None outside loops.
    iteration: int | None = None
    role: Role = "event"

    def place(self, attempt: int) -> str:
        """Return the one name of an attempt in its run, such as `fetch/get_order[3]` or `fetch/order fallback#2`."""
        iteration = "" if self.iteration is None else f"[{self.iteration}]"
        role = "" if self.role == "event" else f" {self.role}"
        number = "" if attempt == 1 else f"#{attempt}"
        return f"{self.sequence}/{self.event}{iteration}{role}{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepError:
    """Why a step failed, redacted."""

    #: Stable word for grouping: `http_503`, `connect_timeout`, `threw`, `unresolved`, `bad_result`, …
    code: str
    message: str
    retryable: bool = False
    #: 1-based place in a function's own source.
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One turn of one step, redacted; later records of the same key and attempt replace earlier ones."""

    key: StepKey
    #: 1 for the first try.
    attempt: int
    type: str
    #: What was called: an action, function, feature … tag.
    target: str
    app: str | None = None
    status: StepStatus
    #: Why it was skipped, waited, retried, fell back …: a sentence, or "".
    reason: str = ""
    input: Json = None
    output: Json = None
    error: StepError | None = None
    started_at: dt.datetime
    finished_at: dt.datetime | None = None
    #: When a waiting step goes on.
    due_at: dt.datetime | None = None
    idempotency_key: str = ""
    logs: tuple[LogLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What an earlier execution of the same run left of one step: its latest record."""

    status: StepStatus
    #: Number of the latest attempt. A `running` one was cut off and is made again under its number.
    attempts: int
    #: How many attempts before that one ended with each error code.
    earlier_errors: Mapping[str, int] = field(default_factory=dict)
    #: As in the record.
    reason: str = ""
    #: As it was shown.
    input: Json = None
    output: Json = None
    error: StepError | None = None
    due_at: dt.datetime | None = None
    #: When that attempt began.
    started_at: dt.datetime | None = None
    #: Rollbacks go through finished steps in reverse of this.
    finished_at: dt.datetime | None = None
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    code: str
    message: str
    #: `sequence/event` of the step that ended the run, or "".
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an execution ended. `waiting` is parked: execute it again, with its checkpoints, from `due_at` on.

    Without a `due_at` it waits for what happens elsewhere.
    """

    status: RunStatus
    output: Json = None
    error: RunError | None = None
    due_at: dt.datetime | None = None
    #: The run went on without some steps that still wait, such as items of a loop that another item has ended.
    leaves_steps: bool = False


class Recorder(Protocol):
    async def record(self, step: StepRecord) -> None:
        """Return once `step` is stored. A finished step is a checkpoint: after a crash it is not done again.

        A `running` record is for people who look on: it may be stored later than this returns, in its order.
        """
        ...

    async def run_failed(self, error: RunError) -> None:
        """Return once it is stored that the run has failed: all that is left is to undo what it has done.

        The next execution of the run is given it as `Context.failure`.
        """
        ...


def checkpoints_of(records: Iterable[StepRecord]) -> dict[StepKey, Checkpoint]:
    """Return what stored records, oldest first, mean to the next execution of their run."""
    latest: dict[StepKey, StepRecord] = {}
    codes: dict[StepKey, dict[int, str]] = defaultdict(dict)
    for record in records:
        latest[record.key] = record
        if record.error is not None:
            codes[record.key][record.attempt] = record.error.code
    return {key: _checkpoint(record, codes.get(key, {})) for key, record in latest.items()}


def _checkpoint(record: StepRecord, codes: Mapping[int, str]) -> Checkpoint:
    """Return what the latest record of a step leaves; `codes` are those of its errors, by attempt."""
    return Checkpoint(
        status=record.status,
        attempts=record.attempt,
        earlier_errors=Counter(code for attempt, code in codes.items() if attempt < record.attempt),
        reason=record.reason,
        input=record.input,
        output=record.output,
        error=record.error,
        due_at=record.due_at,
        started_at=record.started_at,
        finished_at=record.finished_at,
        idempotency_key=record.idempotency_key,
    )
