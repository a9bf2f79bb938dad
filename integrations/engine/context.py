"""What one execution is given."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from integrations.clock import Clock, SystemClock
from integrations.connectors.base import ActionConnector, Binding, FunctionConnector
from integrations.connectors.redaction import Redactor
from integrations.definitions.release import Release
from integrations.engine.ports import Approvals, Jobs, Limits, NestedRuns, ResultCache
from integrations.engine.records import Checkpoint, Recorder, RunError, StepKey
from integrations.types import Json, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """What `$Run` and `$Env` read, and what step idempotency keys are made of."""

    id: str
    integration: str
    feature: str
    environment_slug: str
    environment_name: str
    created_at: dt.datetime
    #: How many runs stand above this one.
    depth: int = 0


class Cancellation:
    """Tells an execution that its run was cancelled; may be told from any thread."""

    __slots__ = ("_cancelled", "_listeners", "_lock")

    def __init__(self) -> None:
        self._cancelled = False
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            for listener in self._listeners:
                listener()

    @contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` when cancelled while the block runs, in the thread that cancels; at once if it is already."""
        with self._lock:
            self._listeners.append(listener)
            if self._cancelled:
                listener()
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)

    def __bool__(self) -> bool:
        return self._cancelled


@dataclass(slots=True)
class RunAbove:
    """Tells an execution what the run above has failed of; may be written by any thread, and is read now and then."""

    failure: RunError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything that the engine may use; it looks nowhere else."""

    run: RunInfo
    release: Release
    input: JsonObject
    #: By access tag.
    bindings: Mapping[str, Binding] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, Json] = field(default_factory=dict, repr=False)
    actions: ActionConnector
    functions: FunctionConnector
    recorder: Recorder
    redactor: Redactor
    #: None: an execution that nothing is stored of can nest none.
    nested_runs: NestedRuns | None = None
    #: None: an execution that keeps no results beyond itself.
    result_cache: ResultCache | None = None
    #: None: an execution that nobody could be asked about.
    approvals: Approvals | None = None
    #: None: an execution that nothing is stored of can start none.
    jobs: Jobs | None = None
    #: None: an execution that nothing limits.
    limits: Limits | None = None
    clock: Clock = field(default_factory=SystemClock)
    checkpoints: Mapping[StepKey, Checkpoint] = field(default_factory=dict)
    #: What the run had failed of when an earlier execution began to undo it; nothing new starts then.
    failure: RunError | None = None
    #: A larger result of the run fails it; None is no limit.
    output_cap_bytes: int | None = None
    #: A wait up to this many seconds stays in the execution; a longer one parks the run.
    longest_inline_wait_seconds: float = 2.0
    #: Cancelling aborts the run where it is, outside calls included.
    cancellation: Cancellation = field(default_factory=Cancellation)
    #: Its failure lets this run fail, too: what is in flight is let finish, nothing new starts.
    above: RunAbove = field(default_factory=RunAbove)
    #: Draws from [0, 1) for jitter.
    random: Callable[[], float] = random.random
