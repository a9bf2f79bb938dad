"""A recorder that remembers, and one whose process dies."""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.engine.records import RunError, StepRecord


@dataclass(slots=True)
class RecordingRecorder:
    """Keeps records in memory."""

    records: list[StepRecord] = field(default_factory=list)
    #: What the run has failed of.
    failure: RunError | None = None

    async def record(self, step: StepRecord) -> None:
        self.records.append(step)

    async def run_failed(self, error: RunError) -> None:
        self.failure = error


class Crash(Exception):
    """The process is gone."""


class CrashingRecorder(RecordingRecorder):
    """Stores so many records, a failure of the run counted as one, then takes the execution down with it."""

    __slots__ = ("survives",)

    def __init__(self, *, survives: int, after: RecordingRecorder | None = None) -> None:
        super().__init__(records=list(after.records if after else []), failure=after.failure if after else None)
        self.survives = survives

    async def record(self, step: StepRecord) -> None:
        self._use_up()
        await super().record(step)

    async def run_failed(self, error: RunError) -> None:
        self._use_up()
        await super().run_failed(error)

    def _use_up(self) -> None:
        if self.survives <= 0:
            raise Crash
        self.survives -= 1
