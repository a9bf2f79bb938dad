"""Starts a job as an event, and does not wait for it."""

from __future__ import annotations

from integrations.engine.calls import Call
from integrations.engine.execution import Execution
from integrations.engine.failures import EventError
from integrations.engine.nested import MAX_DEPTH
from integrations.engine.plan import JobEventTarget
from integrations.engine.ports import Jobs
from integrations.engine.step import Step
from integrations.types import Json, JsonObject


class JobCall(Call):
    """Its result is `{run_id}`. What the job takes is checked when it starts; without an input it takes its own."""

    #: Another run's job is not this one's.
    may_be_cached = False

    def __init__(self, execution: Execution, step: Step, target: JobEventTarget, *, attempt: int) -> None:
        super().__init__(execution, step)
        self.target = target
        self._place = step.key.place(attempt)
        self._values: JsonObject = {}

    async def prepare(self) -> None:
        self.input = await self._resolved()
        if self.execution.secrecy.json(self.input) != self.input:
            message = "its input holds a secret, which would be stored; let what the job runs read it by $Secret{key}"
            raise EventError(message, code="secret_input")
        self._values = self.input if isinstance(self.input, dict) else {}

    async def make(self) -> Json:
        depth = self.execution.context.run.depth
        if depth >= MAX_DEPTH:
            message = f"{depth} runs stand above this one already; jobs that start each other deeper are not run"
            raise EventError(message, code="too_deep")
        run_id = await self._jobs.start(self._place, job=self.target.tag, input=self._values)
        self.reason = f"started run {run_id}"
        return {"run_id": run_id}

    def identity(self) -> Json:
        return ["job", self.target.tag]

    @property
    def _jobs(self) -> Jobs:
        jobs = self.execution.context.jobs
        if jobs is None:
            raise EventError("nothing here stores runs, so no job can be started", code="not_available")
        return jobs
