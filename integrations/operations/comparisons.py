"""Compares two runs of one feature: what they were given and ran on, what each step did, and how long it took."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from integrations import models
from integrations.actors import Actor, require
from integrations.definitions.values.differences import Difference, differences
from integrations.definitions.values.equality import json_equal
from integrations.errors import OperationRefused

#: Steps of each run that are looked at.
MOST_STEPS = 2_000
_CANDIDATES = 20

Status = models.Run.Status
#: What tells two executions of a step apart, with what it is called.
_COMPARED = {
    "status": "status",
    "type": "what is called",
    "target": "what is called",
    "app": "what is called",
    "input": "input",
    "output": "output",
    "error_code": "error",
    "error_message": "error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPair:
    """The last attempts of one step in both runs; None where a run has not come to it."""

    name: str
    left: models.Step | None
    right: models.Step | None

    @property
    def differs_in(self) -> tuple[str, ...]:
        """Return in what: `status`, `input`, …; nothing when both did the same."""
        left, right = self.left, self.right
        if left is None or right is None:
            return ("only in one run",)
        unequal = (word for column, word in _COMPARED.items() if not json_equal(*_both(left, right, column)))
        return tuple(dict.fromkeys(unequal))

    @property
    def input(self) -> list[Difference]:
        return self._differences("input")

    @property
    def output(self) -> list[Difference]:
        return self._differences("output")

    @property
    def left_took(self) -> dt.timedelta | None:
        return _took(self.left)

    @property
    def right_took(self) -> dt.timedelta | None:
        return _took(self.right)

    def _differences(self, column: str) -> list[Difference]:
        return differences(*_both(self.left, self.right, column)) if self.left and self.right else []


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingPair:
    """What a connected app was bound to: digests that change with every change of the binding, "" if not known."""

    access_tag: str
    left: str
    right: str

    @property
    def is_known(self) -> bool:
        return bool(self.left and self.right)

    @property
    def is_equal(self) -> bool:
        return self.left == self.right


@dataclass(frozen=True)
class Comparison:
    left: models.Run
    right: models.Run
    steps: tuple[StepPair, ...]

    @cached_property
    def first(self) -> StepPair | None:
        """The first step that differs, in the order in which the left run began them."""
        return next((pair for pair in self.steps if pair.differs_in), None)

    @cached_property
    def input(self) -> list[Difference]:
        return differences(self.left.input, self.right.input)

    @cached_property
    def output(self) -> list[Difference]:
        return differences(self.left.output, self.right.output)

    @cached_property
    def definition(self) -> list[Difference]:
        """Where the releases differ, but for compiled code, which follows from its source."""
        if self.left.release_id == self.right.release_id:
            return []
        found = differences(self.left.release.content, self.right.release.content)
        return [each for each in found if each.path[-1:] != ("javascript",)]

    @cached_property
    def bindings(self) -> list[BindingPair]:
        left, right = self.left.bindings, self.right.bindings
        return [
            BindingPair(access_tag=tag, left=left.get(tag, ""), right=right.get(tag, ""))
            for tag in sorted({*left, *right})
        ]


def compare(left: models.Run, right: models.Run, *, by: Actor) -> Comparison:
    """Return how two runs compare; `by` may see both.

    Raises:
        PermissionRefused
        OperationRefused: they are not of the same feature, or they are the same.
    """
    require(by, "view_run", to="see runs")
    if left.pk == right.pk:
        raise OperationRefused("these are one and the same run")
    if _subject(left) != _subject(right):
        raise OperationRefused("these are runs of different features")
    return Comparison(left=left, right=right, steps=tuple(_pairs(_last_attempts(left), _last_attempts(right))))


def candidates(run: models.Run, *, by: Actor) -> list[models.Run]:
    """Return what a run may be compared with: the last success in its environment first, then what is newest."""
    visible = models.Run.objects.visible_to(by).for_integration(run.integration).exclude(pk=run.pk)
    same = visible.filter(feature=run.feature_id) if run.feature_id else visible.filter(release=run.release_id)
    rows = same.select_related("environment", "feature_version").defer("input", "output", "evidence").order_by("-pk")
    success = rows.filter(environment=run.environment_id, status=Status.SUCCEEDED).first()
    first = [success] if success else []
    return [*first, *(row for row in rows[:_CANDIDATES] if row not in first)]


def _subject(run: models.Run) -> tuple[int, int | str]:
    return run.integration_id, run.feature_id or run.release.content["feature"]["tag"]


def _last_attempts(run: models.Run) -> dict[tuple[str, str, str, int], models.Step]:
    rows = run.steps.order_by("position", "attempt")[:MOST_STEPS]
    return {(row.sequence, row.event, row.role, row.iteration): row for row in rows}


def _pairs(left: dict[Any, models.Step], right: dict[Any, models.Step]) -> Iterable[StepPair]:
    """Give the steps of both; one that only the right run has comes where it began there."""
    positions = {key: step.position for key, step in (*right.items(), *left.items())}
    for key in sorted(positions, key=lambda key: (positions[key], key not in left)):
        yield StepPair(name=_name(key), left=left.get(key), right=right.get(key))


def _name(key: tuple[str, str, str, int]) -> str:
    sequence, event, role, iteration = key
    where = f"{sequence}/{event}" + ("" if iteration == models.NO_ITERATION else f"[{iteration}]")
    return where if role == models.Step.Role.EVENT else f"{where} {role}"


def _took(step: models.Step | None) -> dt.timedelta | None:
    """Return how long it was executed in this run; None for one that was taken over, which was executed in another."""
    return None if step is None or step.taken_from else step.duration


def _both(left: models.Step | None, right: models.Step | None, column: str) -> tuple[Any, Any]:
    return getattr(left, column), getattr(right, column)
