"""Runs one event several times: while its condition holds, or once for each item of a list."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.engine import truncated
from integrations.engine.attempts import run_step
from integrations.engine.comparisons import type_word
from integrations.engine.conditions import BadCondition
from integrations.engine.decisions import decided
from integrations.engine.execution import Execution
from integrations.engine.failures import FAILURES, EventError
from integrations.engine.lookups import look_up_whole
from integrations.engine.plan import PlannedCondition
from integrations.engine.recording import Turn
from integrations.engine.signals import Parked, StepFailed, Stopped
from integrations.engine.step import Step
from integrations.engine.tasks import run_together
from integrations.types import Json


async def do_while(execution: Execution, step: Step, planned: PlannedCondition) -> Json:
    """Run the event, and again as long as the condition holds on its last result, which is the result of all.

    Each decision is made once, also by what changes with the time: an iteration that has begun stands for it.
    `$Response` is the last result, missing the first time. Raises as `run_event` does.
    """
    turn = Turn(execution, step)
    limit = planned.condition.max_iterations
    last = step.response
    for index in range(limit):
        iteration = step.iteration(index, response=last)
        last = await run_step(execution, iteration)
        if execution.checkpoint(step.iteration(index + 1).key) is not None:
            continue
        if not await _goes_on(execution, step.iteration(index, response=last), planned, turn):
            await turn.succeeded(last, reason=_times(index + 1))
            return last
    held = f"the condition still holds after {_times(limit)}"
    advice = "raise max_iterations, or check that what the condition reads changes from one to the next"
    raise await turn.refused(_too_many(f"{held}: {advice}"))


async def for_each(execution: Execution, step: Step, planned: PlannedCondition) -> Json:
    """Run the event for each item of a list, and return the results in its order.

    One failure fails the event; when it may fail, that item's result is null instead. Raises as `run_event` does.
    """
    turn = Turn(execution, step)
    try:
        items = await _items(execution, step, planned)
    except FAILURES as error:
        raise await turn.refused(error) from None
    width = min(planned.condition.parallel, len(items))
    results = truncated.joined(await _Pass(execution, step, items, width=width).run())
    await turn.succeeded(results, reason=_times(len(items)))
    return results


async def _goes_on(execution: Execution, step: Step, planned: PlannedCondition, turn: Turn) -> bool:
    try:
        decision = await decided(execution, step, planned)
    except FAILURES as error:
        raise await turn.refused(error) from None
    return decision.holds


async def _items(execution: Execution, step: Step, planned: PlannedCondition) -> list[Json]:
    assert planned.subject is not None  # noqa: S101 (for the type checker: a for_each without one is no definition)
    items = await look_up_whole(execution, planned.subject, execution.values(step), logs=[])
    if not isinstance(items, list):
        raise BadCondition(f"for_each needs a list, and {planned.written} is {type_word(items)}")
    limit = planned.condition.max_iterations
    if len(items) > limit:
        raise _too_many(
            f"{planned.written} has {len(items)} items: hand over fewer, or raise max_iterations from {limit}"
        )
    return items


def _too_many(message: str) -> EventError:
    return EventError(message, code="too_many_iterations")


def _times(count: int) -> str:
    return f"{count} iteration" if count == 1 else f"{count} iterations"


class _Pass:
    """One pass over a list, `width` items at the same time.

    A failed item lets those that run finish, so that their results are kept, and starts no other. A parked one lets
    the others go on, unless they wait for their turn behind it or it keeps its place among those at the same time.
    """

    def __init__(self, execution: Execution, step: Step, items: list[Json], *, width: int) -> None:
        self.execution, self.step, self.width = execution, step, width
        self.results: list[Json] = [None] * len(items)
        self.left: Iterator[tuple[int, Json]] = iter(enumerate(items))
        self.parked: list[Parked] = []
        self.ended: StepFailed | Stopped | None = None

    async def run(self) -> list[Json]:
        if self.width <= 1:
            await self._lane()
        else:
            await run_together(self._lane() for _ in range(self.width))
        if self.ended is not None:
            raise self.ended
        if self.parked:
            raise Parked.earliest(self.parked)
        return self.results

    async def _lane(self) -> None:
        for index, item in self.left:
            # Looked at before each item: what failed in an earlier execution is met by the lane that comes first.
            if self.ended is not None:
                return
            try:
                self.results[index] = await self._one(index, item)
            except Parked as parked:
                self.parked.append(parked)
                if parked.keeps_place or self.width == 1:
                    return
            except (StepFailed, Stopped) as ended:
                self._end(ended)

    def _end(self, ended: StepFailed | Stopped) -> None:
        self.ended = self.ended or ended

    async def _one(self, index: int, item: Json) -> Json:
        step = self.step.iteration(index, item=item, response=self.step.response)
        try:
            return await run_step(self.execution, step)
        except StepFailed as failure:
            if not step.may_fail or step.planned.fallback is not None or failure.ends_run:
                raise
            return None
