"""Runs that are attempts at the same thing: each a replay of an earlier one, which makes a tree."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations import models

#: Whoever has made more attempts sees the nearest.
MOST_RUNS = 200


@dataclass(frozen=True, slots=True)
class Attempt:
    run: models.Run
    #: 0 for the first run.
    depth: int


def runs_of(run: models.Run) -> list[models.Run]:
    """Return all runs of the tree that `run` is in, the first one first, long values left in the database."""
    root = _root(run)
    found, above = [root], [root.pk]
    while above and len(found) < MOST_RUNS:
        rows = list(_rows().filter(replay_of__in=above).order_by("pk")[: MOST_RUNS - len(found)])
        found += rows
        above = [row.pk for row in rows]
    return found


def attempts_of(run: models.Run) -> list[Attempt]:
    """Return the tree that `run` is in, each run behind the one that it replays."""
    below: dict[uuid.UUID | None, list[models.Run]] = {}
    root, *others = runs_of(run)
    for each in others:
        below.setdefault(each.replay_of_id, []).append(each)
    return list(_in_order(root, below, 0))


def _in_order(run: models.Run, below: dict[uuid.UUID | None, list[models.Run]], depth: int) -> Iterator[Attempt]:
    yield Attempt(run, depth)
    for replay in below.get(run.pk, ()):
        yield from _in_order(replay, below, depth + 1)


def _root(run: models.Run) -> models.Run:
    for _ in range(MOST_RUNS):
        above: models.Run | None = _rows().filter(pk=run.replay_of_id).first() if run.replay_of_id else None
        if above is None:
            break
        run = above
    return run


def _rows() -> Any:
    return models.Run.objects.select_related("created_by").defer("input", "output", "evidence")
