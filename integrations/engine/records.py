"""What the engine tells: one record a step's turn, and how the run ended."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal, Protocol

from integrations.connectors.base import LogLine
from integrations.types import Json

StepStatus = Literal["running", "waiting", "succeeded", "failed", "skipped", "cancelled"]
RunStatus = Literal["succeeded", "failed", "cancelled", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepKey:
    """Which step: one event, in one iteration of its loop, in one role."""

    sequence: str
    event: str
    #: 0-based iteration of a do_while or for_each; None outside loops.
    iteration: int | None = None
    role: Literal["event", "fallback", "rollback"] = "event"


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
    """One turn of one step; later records of the same key and attempt replace earlier ones. Redacted before it is made."""

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
    """What an earlier execution of the same run left of one step."""

    status: StepStatus
    #: Attempts used up so far.
    attempts: int
    output: Json = None
    error: StepError | None = None
    due_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    code: str
    message: str
    #: `sequence/event` of the step that ended the run, or "".
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an execution ended. `waiting` is parked: execute it again, with its checkpoints, from `due_at` on."""

    status: RunStatus
    output: Json = None
    error: RunError | None = None
    due_at: dt.datetime | None = None


class Recorder(Protocol):
    async def record(self, step: StepRecord) -> None:
        """Return once `step` is stored. A finished step is a checkpoint: after a crash it is not done again."""
        ...


@dataclass(slots=True)
class RecordingRecorder:
    """Keeps records in memory: for runs that store nothing on the way, and for tests."""

    records: list[StepRecord] = field(default_factory=list)

    async def record(self, step: StepRecord) -> None:
        self.records.append(step)

