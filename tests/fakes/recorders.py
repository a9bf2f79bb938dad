"""A recorder that remembers, and one whose process dies."""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.engine.records import StepRecord


@dataclass(slots=True)
class RecordingRecorder:
    """Keeps records in memory."""

    records: list[StepRecord] = field(default_factory=list)

    async def record(self, step: StepRecord) -> None:
        self.records.append(step)


class Crash(Exception):
    """The process is gone."""


class CrashingRecorder(RecordingRecorder):
    """Stores so many records, then takes the execution down with it."""

    __slots__ = ("survives",)

    def __init__(self, *, survives: int, records: list[StepRecord] | None = None) -> None:
        super().__init__(records=list(records or []))
        self.survives = survives

    async def record(self, step: StepRecord) -> None:
        if self.survives <= 0:
            raise Crash
        self.survives -= 1
        await super().record(step)
