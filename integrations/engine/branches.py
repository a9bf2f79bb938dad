"""Runs the sequences: each as soon as all its parents have finished, those without a path between them together.

When a sequence fails, what runs in other branches is let finish its attempt, so that its result is kept and can be
rolled back; nothing else of the run starts. Nested runs fail, too, see `nested.fail_nested`.
"""

from __future__ import annotations

import asyncio

from integrations.engine.events import run_event
from integrations.engine.execution import Execution
from integrations.engine.plan import PlannedSequence
from integrations.engine.signals import Parked, StepFailed, Stopped
from integrations.engine.step import Step
from integrations.engine.tasks import together


async def run_sequences(execution: Execution) -> None:
    """Return when every branch has come to rest; `execution` says how."""
    branches = _Branches(execution)
    roots = [sequence for sequence in execution.plan.sequences.values() if not sequence.parent_count]
    async with together() as group:
        await branches.run(group, roots)


class _Branches:
    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        self.sequences = execution.plan.sequences
        self.unfinished_parents = {tag: sequence.parent_count for tag, sequence in self.sequences.items()}

    async def run(self, group: asyncio.TaskGroup, ready: list[PlannedSequence]) -> None:
        """Run sequences that are ready and what becomes ready by them; a chain stays in one task, however long."""
        while ready:
            first, *others = ready
            for other in others:
                group.create_task(self.run(group, [other]))
            ready = self._released_by(first) if await self._finishes(first) else []

    async def _finishes(self, sequence: PlannedSequence) -> bool:
        """Run a sequence's events in order and return whether all are done."""
        try:
            for planned in sequence.events:
                await run_event(self.execution, Step.of(planned, sequence=sequence.tag))
        except StepFailed as failure:
            self.execution.fail(failure.run_error)
        except Parked as parked:
            self.execution.park(parked)
        except Stopped:
            pass
        else:
            return True
        return False

    def _released_by(self, finished: PlannedSequence) -> list[PlannedSequence]:
        released = []
        for tag in finished.children:
            self.unfinished_parents[tag] -= 1
            if not self.unfinished_parents[tag]:
                released.append(self.sequences[tag])
        return released
