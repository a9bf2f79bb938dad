"""Lets the nested runs of a replay go on where those of the earlier attempt ended, so that they write nothing twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations import models
from integrations.definitions.release import Release
from integrations.definitions.values.equality import json_equal
from integrations.engine.failures import EventError
from integrations.runtime.replays import planning
from integrations.types import JsonObject

_ADVICE = "if all of that may be done again, replay the run above and say so for this step"


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedStart:
    """How a nested run begins: as a new one, or behind what an earlier one has finished."""

    columns: dict[str, Any]
    plan: planning.Plan | None = None

    def put(self, nested: models.Run) -> None:
        if self.plan is not None:
            planning.put(nested, self.plan.step_ids)


def start_of(above: models.Run, place: str, release: Release, input: JsonObject) -> NestedStart:
    """Return how the run below `above` begins at `place`: behind all that attempts at it have done, if there were any.

    One with another input is about something else, and new, unless something has been written for the other.

    Raises:
        EventError: what has been written is not known, or cannot be taken over.
    """
    if place not in above.nested_from:
        return NestedStart(columns={"trigger": models.Run.Trigger.RUN})
    earlier = _earlier(above.nested_from[place])
    plan = planning.plan(earlier, release, start=planning.FAILURE, choices={}, keep_writes=True)
    if plan.unknown_writes:
        raise EventError(plan.unknown_writes, code="unknown_writes")
    if not json_equal(earlier.input, input):
        return _of_another_input(earlier, plan)
    if plan.problems:
        raise EventError(f"run {earlier.pk} cannot be gone on from: {plan.problems[0]}", code="not_taken_over")
    return NestedStart(
        columns={
            "trigger": models.Run.Trigger.REPLAY,
            "replay_of": earlier,
            "replay_reason": above.replay_reason,
            "nested_from": dict(plan.nested_from),
        },
        plan=plan,
    )


def _earlier(run_id: str) -> models.Run:
    earlier = models.Run.objects.filter(pk=run_id).first()
    if earlier is None:
        message = f"run {run_id}, which this was to go on from, is gone, so nobody knows what it has written; {_ADVICE}"
        raise EventError(message, code="unknown_writes")
    return earlier


def _of_another_input(earlier: models.Run, plan: planning.Plan) -> NestedStart:
    if plan.writes:
        places = ", ".join(write.place for write in plan.writes)
        message = f"run {earlier.pk}, which this was to go on from, had another input and has written: {places}"
        raise EventError(f"{message}; {_ADVICE}", code="other_input")
    return NestedStart(columns={"trigger": models.Run.Trigger.RUN})
