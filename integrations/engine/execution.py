"""The state of one execution: results so far, what was learned, and whether anything new may start."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from integrations.engine import truncated
from integrations.engine.context import Context
from integrations.engine.journal import Journal
from integrations.engine.plan import Plan
from integrations.engine.records import Checkpoint, RunError, StepError, StepKey
from integrations.engine.resolver import MISSING, MaybeJson, Values
from integrations.engine.secrecy import Secrecy, holds_redacted
from integrations.engine.signals import Parked, Stopped
from integrations.engine.step import Step
from integrations.types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """An event that succeeded, to be undone if the run fails."""

    step: Step
    result: Json
    finished_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why everything in flight is broken off."""

    status: Literal["cancelled", "failed"]
    reason: str
    error: StepError | None = None


class Execution:
    """Shared by all branches of one run while it executes."""

    def __init__(self, context: Context, plan: Plan) -> None:
        self.context = context
        self.plan = plan
        self.secrecy = Secrecy(context.redactor)
        stores_results = context.release.feature.store_event_results
        self.journal = Journal(context.recorder, stores_results=stores_results, checkpoints=context.checkpoints)
        #: By sequence and event; what was skipped is absent.
        self.results: dict[str, dict[str, Json]] = {}
        self.finished: list[Finished] = []
        self._failure: RunError | None = context.failure
        #: Whether some step is parked, and when the earliest of them goes on by itself.
        self.is_parked = False
        self.due_at: dt.datetime | None = None
        #: Whether some step waits for a run that it has started.
        self.waits_for_run = False
        #: Set when everything in flight is broken off: what the records of those steps say.
        self.ending: Ending | None = None
        self._begun = {(key.sequence, key.event) for key in context.checkpoints}
        self._restored_redacted = False
        run = context.run
        self._run: dict[str, Json] = {"id": run.id, "feature": run.feature, "integration": run.integration}
        self._env: dict[str, Json] = {"slug": run.environment_slug, "name": run.environment_name}
        self._variables = {tag: binding.variables for tag, binding in context.bindings.items()}

    # What earlier executions left

    def checkpoint(self, key: StepKey) -> Checkpoint | None:
        return self.context.checkpoints.get(key)

    def has_begun(self, step: Step) -> bool:
        """Return whether an earlier execution recorded anything of this event."""
        return (step.key.sequence, step.key.event) in self._begun

    def restored(self, checkpoint: Checkpoint) -> Json:
        """Return the result that an earlier execution stored."""
        return self.taken_over(checkpoint.output)

    def taken_over(self, result: Json) -> Json:
        """Return a result that comes from where it was stored, and remember whether something of it was redacted."""
        self._restored_redacted = self._restored_redacted or holds_redacted(result)
        return truncated.taken_over(result)

    def reads_redacted(self, resolved: Json) -> bool:
        """Return whether a value that was redacted when it was stored ended up in this resolved mapping."""
        return self._restored_redacted and holds_redacted(resolved)

    # What references read

    def values(self, step: Step | None = None, *, auths: dict[str, Json] | None = None) -> Values:
        index = None if step is None else step.index
        return Values(
            input=self.context.input,
            sequences=self.results,
            auths=auths or {},
            variables=self._variables,
            constants=self.plan.constants,
            secrets=self.context.secrets,
            env=self._env,
            run=self._run,
            now_ms=int(self.context.clock.now().timestamp() * 1000),
            item=MISSING if step is None else step.item,
            index=MISSING if index is None else index,
            response=MISSING if step is None else step.response,
        )

    # How it goes on

    @property
    def failure(self) -> RunError | None:
        """The first failure; once there is one, nothing new starts."""
        return self._failure or self.context.above.failure

    def is_halted(self, step: Step) -> bool:
        """Return whether the run has failed elsewhere, so that nothing of this step starts any more."""
        return self.failure is not None and step.key.role != "rollback"

    def halt_if_failed(self, step: Step) -> None:
        """Raise `Stopped` instead of starting something in a run that has failed."""
        if self.is_halted(step):
            raise Stopped

    def end(self, ending: Ending) -> None:
        """Say why what is in flight is about to be broken off."""
        self.ending = ending

    def start_undoing(self) -> None:
        """Forget what was parked or broken off: it does not go on. From here on that is said of rollbacks."""
        self.is_parked, self.due_at, self.ending = False, None, None

    def fail(self, error: RunError) -> None:
        """End the run with this failure, unless an earlier one has ended it already."""
        self._failure = self.failure or error

    def park(self, parked: Parked) -> None:
        """Wake the run for the earliest of all that waits."""
        self.is_parked = True
        if parked.due_at is not None:
            self.due_at = min(self.due_at or parked.due_at, parked.due_at)

    def finish(self, step: Step, result: MaybeJson) -> None:
        """Keep an event's result, made by `step`, for references and rollbacks; what was skipped has none."""
        if result is MISSING:
            return
        self.results.setdefault(step.key.sequence, {})[step.tag] = result
        if step.planned.rollback is not None:
            self.finished.append(Finished(step=step, result=result, finished_at=self._finished_at(step)))

    def _finished_at(self, step: Step) -> dt.datetime:
        checkpoint = self.checkpoint(step.key)
        restored = checkpoint.finished_at if checkpoint and checkpoint.status == "succeeded" else None
        return restored or self.context.clock.now()
