"""Order, loops and reachability in graphs of any depth; nothing here recurses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

#: One loop after another is found by mending the first; nobody reads more than these.
MAX_LOOPS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    #: From where the search began to where it met itself: the last name stands in it twice.
    path: tuple[str, ...]

    @property
    def members(self) -> tuple[str, ...]:
        """The names in the loop, the first one again at the end: `a → b → a`."""
        return self.path[self.path.index(self.path[-1]) :]

    def __str__(self) -> str:
        if len(self.members) <= 12:
            return " → ".join(self.members)
        return " → ".join((*self.members[:6], "…", *self.members[-5:]))


@dataclass(slots=True)
class Search:
    """What a depth-first search found."""

    #: Every name, each after those that it leads to (but for the edges that close loops).
    finished: list[str] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)


def search(edges: Mapping[str, Iterable[str]], starts: Iterable[str]) -> Search:
    """Follow `edges` from every start. Names without edges of their own may be left out of the mapping."""
    result = Search()
    state: dict[str, bool] = {}  # present: met; True: finished
    for start in starts:
        if start not in state:
            _search_from(start, edges, state, result)
    return result


def _search_from(start: str, edges: Mapping[str, Iterable[str]], state: dict[str, bool], result: Search) -> None:
    state[start] = False
    path: list[str] = [start]
    pending: list[Iterator[str]] = [iter(edges.get(start, ()))]
    while path:
        following = next(pending[-1], None)
        if following is None:
            pending.pop()
            finished = path.pop()
            state[finished] = True
            result.finished.append(finished)
        elif following not in state:
            state[following] = False
            path.append(following)
            pending.append(iter(edges.get(following, ())))
        elif not state[following] and len(result.loops) < MAX_LOOPS:
            result.loops.append(Loop(path=(*path, following)))


class Ancestors:
    """Which sequences have finished before another begins: one bit a pair, so that thousands in a row cost nothing."""

    def __init__(self, parents: Mapping[str, Iterable[str]]) -> None:
        found = search(parents, parents)
        self.loops = found.loops
        self._bit = {tag: 1 << position for position, tag in enumerate(found.finished)}
        self._above: dict[str, int] = {}
        for tag in found.finished:
            above = 0
            for parent in parents.get(tag, ()):
                above |= self._bit[parent] | self._above.get(parent, 0)
            self._above[tag] = above

    def is_above(self, ancestor: str, tag: str) -> bool:
        return bool(self._bit.get(ancestor, 0) & self._above.get(tag, 0))
