"""How the work on one branch ends early; none of these leaves the engine."""

from __future__ import annotations

import datetime as dt

from integrations.engine.records import StepError, StepKey


class StepFailed(Exception):
    """A step is out of attempts; its failure has been recorded."""

    def __init__(self, *, key: StepKey, error: StepError) -> None:
        super().__init__(error.message)
        self.key, self.error = key, error

    @property
    def place(self) -> str:
        return f"{self.key.sequence}/{self.key.event}"


class Parked(Exception):
    """A step waits longer than an execution may; its record says until when."""

    def __init__(self, due_at: dt.datetime) -> None:
        super().__init__(due_at.isoformat())
        self.due_at = due_at


class Stopped(Exception):
    """The run has failed elsewhere, so nothing new is started."""
