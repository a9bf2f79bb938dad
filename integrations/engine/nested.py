"""Runs another feature of the integration as an event: as a run of its own, which this one is parked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from integrations.connectors.base import Binding
from integrations.definitions.checking import check_input
from integrations.engine.calls import Call
from integrations.engine.execution import Execution
from integrations.engine.failures import EventError
from integrations.engine.plan import NestedTarget
from integrations.engine.ports import NestedRun, NestedRuns
from integrations.engine.records import RUN_ABOVE_FAILED, RUN_TIMEOUT, RunError
from integrations.engine.signals import Awaiting
from integrations.engine.step import Step
from integrations.types import Json, JsonObject

#: How many runs may stand above one: deeper ones have lost their way.
MAX_DEPTH = 10


class NestedCall(Call):
    """One nested run for each attempt: a retry is another run."""

    def __init__(self, execution: Execution, step: Step, target: NestedTarget, *, attempt: int) -> None:
        super().__init__(execution, step)
        self.target = target
        self._place = step.key.place(attempt)
        self._run: NestedRun | None = None

    async def prepare(self) -> None:
        self._run = await self._nested_runs.find(self._place)
        if self._run is None:
            self.execution.halt_if_failed(self.step)
        # The run that is there keeps the input that it was started with.
        self.input = self._run.input if self._run else await self._new_input()

    async def make(self) -> Json:
        run = self._run or await self._start()
        if not run.is_final:
            await self._await(run)
        if run.status != "succeeded":
            raise self._failure(run)
        self.reason = f"ran as run {run.id}"
        return self.execution.taken_over(run.output)

    def identity(self) -> Json:
        return ["feature", self.target.digest, [binding.digest for _, binding in sorted(self._bindings.items())]]

    @property
    def _bindings(self) -> Mapping[str, Binding]:
        context = self.execution.context
        return {tag: context.bindings[tag] for tag in self.target.access_tags if tag in context.bindings}

    async def _start(self) -> NestedRun:
        values = self.input if isinstance(self.input, dict) else {}
        return await self._nested_runs.start(self._place, feature=self.target.feature.tag, input=values)

    async def _new_input(self) -> JsonObject:
        depth = self.execution.context.run.depth
        if depth >= MAX_DEPTH:
            message = f"{depth} runs stand above this one already; features that nest deeper than that are not run"
            raise EventError(message, code="too_deep")
        values = check_input(self.target.feature, await self._resolved())
        if self.execution.secrecy.json(values) != values:
            message = "its input holds a secret, which would be stored; let the nested feature read it by $Secret{key}"
            raise EventError(message, code="secret_input")
        return values

    async def _await(self, run: NestedRun) -> None:
        """Park until the nested run has ended, or until it has taken too long: then it is cancelled.

        Once this run has failed, also of its own time, the nested one undoes what it has done; that may take any time.

        Raises:
            Awaiting, EventError
        """
        self.execution.waits_for_run = True
        undoes = Awaiting(f"waits for run {run.id} to undo what it has done", due_at=None)
        if self.execution.is_halted(self.step):
            raise undoes
        limits = self._limits()
        if not limits:
            raise Awaiting(f"waits for run {run.id}", due_at=None)
        seconds, code = min(limits)
        due_at = run.created_at + dt.timedelta(seconds=seconds)
        if self.execution.context.clock.now() < due_at:
            raise Awaiting(f"waits for run {run.id}, {seconds:g} s at most", due_at=due_at)
        if code == RUN_TIMEOUT and self.execution.failure is None:
            message = f"run {run.id} took longer than the {seconds:g} s of this one"
            place = f"{self.step.key.sequence}/{self.step.key.event}"
            self.execution.fail(RunError(code=code, message=message, place=place))
            raise undoes
        await self._nested_runs.cancel(self._place)
        raise EventError(f"run {run.id} took longer than {seconds:g} s, so it was cancelled", code=code)

    def _limits(self) -> list[tuple[float, str]]:
        """Return how long the nested run may take, in seconds from its start, with what it means when it does."""
        limits = [
            (self.step.planned.event.timeout, "timeout"),
            (self.execution.context.release.feature.timeout, RUN_TIMEOUT),
        ]
        return [(seconds, code) for seconds, code in limits if seconds is not None]

    def _failure(self, run: NestedRun) -> EventError:
        """Return why the nested run did not succeed: the path to the step that failed once, and its error.

        What a person has cancelled, or quarantine has stopped, is not tried again, however deep it is nested.
        """
        error = run.error
        if error is not None and error.code.startswith(_NESTED):
            return EventError(
                f"{error.place}: {error.message}", code=error.code, retryable=error.code not in NOT_TRIED_AGAIN
            )
        place = f" at {error.place}" if error and error.place else ""
        because = f": {error.message}" if error and error.message else ""
        message = f'feature "{self.target.feature.tag}" {_ENDS[run.status]}{place}{because} (run {run.id})'
        code = f"{_NESTED}{run.status}"
        return EventError(message, code=code, retryable=code not in NOT_TRIED_AGAIN)

    @property
    def _nested_runs(self) -> NestedRuns:
        nested_runs = self.execution.context.nested_runs
        if nested_runs is None:
            raise EventError("nothing here stores runs, so none can be nested", code="not_available")
        return nested_runs


async def fail_nested(execution: Execution, failure: RunError) -> bool:
    """Let the runs that go on below a failed one fail, too, and return whether they are to be waited for.

    They undo what they have done before this one undoes anything, in reverse order as everywhere; what one of them has
    brought to its end by then counts as done.
    """
    nested_runs = execution.context.nested_runs
    if nested_runs is None or not execution.context.release.features:
        return False
    if any(key.role == "rollback" for key in execution.context.checkpoints):
        return False  # what was to be waited for has ended, and what goes on now undoes
    if failure.code != RUN_ABOVE_FAILED:
        at = f" at {failure.place}" if failure.place else ""
        failure = RunError(code=RUN_ABOVE_FAILED, message=f"the run above failed{at}: {failure.message}")
    # One that ended since its step looked has woken this run: the next execution takes up what it has left.
    return await nested_runs.fail_all(failure) or execution.waits_for_run


#: How the codes of such failures begin; how the run at the bottom has ended follows.
_NESTED = "nested_"
#: Those of a run that a person has cancelled, or that quarantine has stopped: neither is tried again.
NOT_TRIED_AGAIN = frozenset({"nested_cancelled", "nested_quarantined"})
_ENDS = {"failed": "failed", "cancelled": "was cancelled", "quarantined": "was quarantined"}
