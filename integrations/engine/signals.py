"""How the work on one branch ends early; none of these leaves the engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from integrations.engine.records import RUN_TIMEOUT, RunError, StepError
from integrations.engine.step import Step


class StepFailed(Exception):
    """A step is out of attempts; its failure has been recorded."""

    def __init__(self, *, step: Step, error: StepError) -> None:
        super().__init__(error.message)
        self.step, self.error = step, error

    @property
    def ends_run(self) -> bool:
        """Whether the run is over whatever may stand in for the step: it took too long."""
        return self.error.code == RUN_TIMEOUT

    @property
    def place(self) -> str:
        return f"{self.step.key.sequence}/{self.step.key.event}"

    @property
    def message(self) -> str:
        """What went wrong; for a fallback also which it was, and after what."""
        return self.step.failure(self.error.message)

    @property
    def run_error(self) -> RunError:
        """What a run has failed of that this ends."""
        return RunError(code=self.error.code, message=self.message, place=self.place)


class Parked(Exception):
    """A step waits longer than an execution may; its record says for what.

    `due_at` is None when it waits for something without a time. `keeps_place` says that what it waits for is work of
    its own, so that in a loop no other item takes its place meanwhile.
    """

    def __init__(self, due_at: dt.datetime | None, *, keeps_place: bool = False) -> None:
        super().__init__(str(due_at))
        self.due_at, self.keeps_place = due_at, keeps_place

    @classmethod
    def earliest(cls, parked: Iterable[Parked]) -> Parked:
        """Return the one that goes on first; those without a time come last."""
        return min(parked, key=lambda each: (each.due_at is None, each.due_at))


class Awaiting(Exception):
    """A call's result depends on what happens elsewhere, at `due_at` at the latest; whoever does that wakes the run."""

    def __init__(self, reason: str, *, due_at: dt.datetime | None) -> None:
        super().__init__(reason)
        self.reason, self.due_at = reason, due_at


class Stopped(Exception):
    """The run has failed elsewhere, so nothing new is started."""
