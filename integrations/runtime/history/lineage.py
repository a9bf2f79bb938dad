"""Which runs have to do with each other: attempts at the same thing, and all that is linked to one of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from integrations import models
from integrations.runtime.batching import batched

#: Of more attempts those are shown that led to the run in hand, and the newest.
MOST_SHOWN = 200
#: How many ids a query names: SQLite takes 32,766.
_TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class Attempt:
    run: models.Run
    #: 0 for the first run.
    depth: int


@dataclass(frozen=True, slots=True)
class _Link:
    run_id: uuid.UUID
    replay_of: uuid.UUID | None
    parent: uuid.UUID | None
    #: Where in the run above, whichever try at that event it was.
    place: str


def attempts_at(run_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return the ids of all attempts at what these runs did, themselves among them.

    Those are the runs that one replays and that replay it, all the way. And a nested run is also attempted wherever the
    run above it is: by all runs that stand in the same place below an attempt at that one.
    """
    found = _trees(_links(Q(pk__in=list(run_ids))))
    above: dict[str, set[uuid.UUID]] = {}
    for link in found.values():
        if link.parent is not None:
            above.setdefault(link.place, set()).add(link.parent)
    for place, parents in above.items():
        at_place = Q(parent_step=place) | Q(parent_step__startswith=f"{place}#")
        for part in batched(sorted(attempts_at(parents)), _TOGETHER):
            found |= _trees(_links(at_place, parent__in=part))
    return set(found)


def kin_of(run_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return the ids of all runs that are linked to these: by replays and by nesting, however far."""
    found = level = set(run_ids)
    while level:
        near: set[uuid.UUID | None] = set()
        for part in batched(sorted(level), _TOGETHER):
            for link in _links(Q(pk__in=part) | Q(parent__in=part) | Q(replay_of__in=part)):
                near |= {link.run_id, link.parent, link.replay_of}
        level = {each for each in near if each is not None} - found
        found = found | level
    return found


def tree_of(run: models.Run) -> list[Attempt]:
    """Return the tree of replays that `run` is in, each run behind the one that it replays; long values stay unread."""
    links = _trees([_Link(run.pk, run.replay_of_id, run.parent_id, run.parent_step)])
    if len(links) == 1:
        return [Attempt(run, 0)]
    shown = _shown(run, links)
    rows = {row.pk: row for part in batched(sorted(shown), _TOGETHER) for row in _rows().filter(pk__in=part)}
    return [Attempt(rows[run_id], depth) for run_id, depth in _in_order(links) if run_id in rows]


def _shown(run: models.Run, links: dict[uuid.UUID, _Link]) -> set[uuid.UUID]:
    shown: set[uuid.UUID] = set()
    above: uuid.UUID | None = run.pk
    while above in links:
        shown.add(above)
        above = links[above].replay_of
    newest = sorted(links.keys() - shown, reverse=True)
    return shown | set(newest[: max(MOST_SHOWN - len(shown), 0)])


def _in_order(links: dict[uuid.UUID, _Link]) -> Iterator[tuple[uuid.UUID, int]]:
    """Give each run's id and depth, behind the run that it replays; no recursion, so any depth."""
    below: dict[uuid.UUID | None, list[uuid.UUID]] = {}
    for run_id in sorted(links, reverse=True):
        above = links[run_id].replay_of
        below.setdefault(above if above in links else None, []).append(run_id)
    pending = [(run_id, 0) for run_id in below.get(None, ())]
    while pending:
        run_id, depth = pending.pop()
        yield run_id, depth
        pending += [(replay, depth + 1) for replay in below.get(run_id, ())]


def _trees(links: Iterable[_Link]) -> dict[uuid.UUID, _Link]:
    """Return by id all runs of the trees of replays that these are in."""
    found = {link.run_id: link for link in links}
    above = _unknown(found, found)
    while above:
        rows = {link.run_id: link for part in batched(sorted(above), _TOGETHER) for link in _links(Q(pk__in=part))}
        found |= rows
        above = _unknown(rows, found)
    level = set(found)
    while level:
        parts = batched(sorted(level), _TOGETHER)
        rows = {link.run_id: link for part in parts for link in _links(Q(replay_of__in=part))}
        level = rows.keys() - found.keys()
        found |= rows
    return found


def _unknown(links: dict[uuid.UUID, _Link], known: dict[uuid.UUID, _Link]) -> set[uuid.UUID]:
    return {link.replay_of for link in links.values() if link.replay_of is not None} - known.keys()


def _links(*conditions: Q, **more: Any) -> list[_Link]:
    rows = models.Run.objects.filter(*conditions, **more).values_list("pk", "replay_of", "parent", "parent_step")
    return [_Link(pk, replay_of, parent, step.partition("#")[0]) for pk, replay_of, parent, step in rows]


def _rows() -> Any:
    return models.Run.objects.select_related("created_by").defer("input", "output", "evidence")
