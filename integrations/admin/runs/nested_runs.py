"""The runs that a run has started, and those that these have started, as a tree."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from integrations import models

#: Runs in one tree; a loop may start very many.
SHOWN_RUNS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    run: models.Run
    below: list[Branch] = field(default_factory=list)


def below(run: models.Run) -> list[Branch]:
    """Return what hangs below `run`, one query a level, at most SHOWN_RUNS in all."""
    top = Branch(run=run)
    level: dict[uuid.UUID, Branch] = {run.pk: top}
    room = SHOWN_RUNS
    while level and room:
        found = _children(list(level), most=room)
        following = {child.pk: Branch(run=child) for child in found}
        for child in found:
            level[_parent(child)].below.append(following[child.pk])
        level, room = following, room - len(found)
    return top.below


def _children(run_ids: Sequence[uuid.UUID], *, most: int) -> list[models.Run]:
    children = models.Run.objects.filter(parent__in=run_ids).select_related("feature")
    return list(children.defer("input", "output", "evidence").order_by("pk")[:most])


def _parent(child: models.Run) -> uuid.UUID:
    assert child.parent_id is not None  # noqa: S101 (for the type checker: it was found by its parent)
    return child.parent_id
