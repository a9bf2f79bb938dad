"""Nested runs that end when the test says so."""

from __future__ import annotations

import dataclasses

from integrations.clock import Clock
from integrations.engine.ports import NestedRun
from integrations.engine.records import RunError
from integrations.types import Json, JsonObject


class FakeNestedRuns:
    """Keeps runs by place, each `queued` until it is given an end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.runs: dict[str, NestedRun] = {}
        #: The feature of each, by place.
        self.features: dict[str, str] = {}
        #: What runs are to fail of, by place.
        self.failing: dict[str, RunError] = {}

    async def find(self, place: str) -> NestedRun | None:
        return self.runs.get(place)

    async def start(self, place: str, *, feature: str, input: JsonObject) -> NestedRun:
        self.features[place] = feature
        run = NestedRun(id=f"run {place}", status="queued", input=input, created_at=self._clock.now())
        return self.runs.setdefault(place, run)

    async def cancel(self, place: str) -> None:
        self.end(place, "cancelled")

    async def fail_all(self, error: RunError) -> bool:
        going_on = [place for place, run in self.runs.items() if not run.is_final]
        self.failing.update(dict.fromkeys(going_on, error))
        return bool(going_on)

    def end(self, place: str, status: str, *, output: Json = None, error: RunError | str = "") -> None:
        """End a run; an error that is a text is one of its own code."""
        told = RunError(code="threw", message=error) if isinstance(error, str) and error else error or None
        self.runs[place] = dataclasses.replace(self.runs[place], status=status, output=output, error=told)

    def end_all(self, *, output: Json = None) -> None:
        """Let all that goes on succeed."""
        for place, run in self.runs.items():
            if not run.is_final:
                self.end(place, "succeeded", output=output)
