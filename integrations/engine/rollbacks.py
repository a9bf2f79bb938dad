"""Undoes what a failed run has done: the rollbacks of its finished events, the last one first.

A loop is one event: it is undone when all of it has finished, by one rollback that reads its whole result.
"""

from __future__ import annotations

from integrations.engine.events import run_in_place
from integrations.engine.execution import Execution, Finished
from integrations.engine.records import RunError
from integrations.engine.signals import StepFailed


async def roll_back(execution: Execution, failure: RunError) -> RunError:
    """Run every rollback, and return the run's error with those that failed; one that fails stops no other.

    Raises:
        Parked: one waits longer than an execution may. What it undoes stands on what was done before that, so those
            before it wait, too; the next execution goes on with it.
    """
    failed: list[str] = []
    since = f"{failure.place} failed: {failure.message}" if failure.place else failure.message
    # Restored steps come with the time at which they finished; equal times keep the order in which they were run.
    for finished in sorted(execution.finished, key=lambda each: each.finished_at)[::-1]:
        problem = await _undo(execution, finished, since=since)
        if problem:
            failed.append(problem)
    if not failed:
        return failure
    message = f"{failure.message}; rollbacks that failed: {'; '.join(failed)}"
    return RunError(code=failure.code, message=message, place=failure.place)


async def _undo(execution: Execution, finished: Finished, *, since: str) -> str:
    """Return what went wrong, or ""."""
    step = finished.step.rollback(finished.result, since=since)
    if step is None:
        return ""
    try:
        await run_in_place(execution, step)
    except StepFailed as failure:
        return f"{failure.place}: {failure.message}"
    return ""
