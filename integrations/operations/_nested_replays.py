"""Lets the nested runs of a replay go on where those of the earlier attempt ended, so that they write nothing twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations import models
from integrations.definitions.release import Release
from integrations.definitions.values.equality import json_equal
from integrations.engine.failures import EventError
from integrations.operations import _replaying
from integrations.types import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedStart:
    """How a nested run begins: as a new one, or behind what an earlier one has finished."""

    columns: dict[str, Any]
    plan: _replaying.Plan | None = None

    def put(self, nested: models.Run) -> None:
        if self.plan is not None:
            _replaying.put(nested, self.plan.step_ids)


def start_of(above: models.Run, place: str, release: Release, input: JsonObject) -> NestedStart:
    """Return how the run below `above` begins at `place`; one with another input is about something else, and new.

    Raises:
        EventError: what the earlier one has written cannot be taken over.
    """
    earlier = models.Run.objects.filter(pk=above.nested_from[place]).first() if place in above.nested_from else None
    if earlier is None or not json_equal(earlier.input, input):
        return NestedStart(columns={"trigger": models.Run.Trigger.RUN})
    plan = _replaying.plan(earlier, release, start=_replaying.FAILURE, choices={}, keep_writes=True)
    if plan.problems:
        raise EventError(f"run {earlier.pk} cannot be gone on from: {plan.problems[0]}", code="redacted")
    if plan.is_blind and plan.may_write:
        message = f"run {earlier.pk} kept no results of its steps, so nobody knows what it has written"
        raise EventError(message, code="unknown_writes")
    return NestedStart(
        columns={
            "trigger": models.Run.Trigger.REPLAY,
            "replay_of": earlier,
            "replay_reason": above.replay_reason,
            "nested_from": dict(plan.nested_from),
        },
        plan=plan,
    )
