"""The order of sequences: who waits for whom, for graphs of any depth, and loops named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from integrations.definitions.base import nearest
from integrations.errors import DefinitionError, Problem


class CyclicSequences(DefinitionError):
    """Sequences wait for each other; `loop` names them, each waiting for the one before it."""

    def __init__(self, loop: Sequence[str]) -> None:
        self.loop = tuple(loop)
        path = " → ".join((*self.loop, self.loop[0]))
        super().__init__([Problem("sequence", f"the parents form a loop: {path}", "remove one of these parents")])


def children_of(parents: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return by sequence those that wait for it.

    Raises:
        DefinitionError: a parent that is no sequence.
    """
    unknown = [(tag, parent) for tag, above in parents.items() for parent in above if parent not in parents]
    if unknown:
        raise DefinitionError([_unknown(tag, parent, parents) for tag, parent in unknown])
    children: dict[str, list[str]] = {tag: [] for tag in parents}
    for tag, above in parents.items():
        for parent in set(above):
            children[parent].append(tag)
    return children


def in_order(parents: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the sequences, each after all its parents.

    Source: A. B. Kahn, "Topological sorting of large networks" (1962); no recursion, so any depth.

    Raises:
        DefinitionError: a parent that is no sequence.
        CyclicSequences: there is no such order.
    """
    children = children_of(parents)
    missing = {tag: len(set(above)) for tag, above in parents.items()}
    ordered = [tag for tag, count in missing.items() if not count]
    for tag in ordered:  # grows while it is read
        for child in children[tag]:
            missing[child] -= 1
            if not missing[child]:
                ordered.append(child)
    if len(ordered) < len(parents):
        raise CyclicSequences(_loop(parents, remaining=set(parents).difference(ordered)))
    return ordered


def _loop(parents: Mapping[str, Iterable[str]], *, remaining: set[str]) -> list[str]:
    """Walk up from one that could not be ordered; each of them has such a parent, so the walk must meet itself."""
    walked: dict[str, None] = {}
    tag = min(remaining)
    while tag not in walked:
        walked[tag] = None
        tag = min(remaining.intersection(parents[tag]))
    path = list(walked)
    return path[path.index(tag) :][::-1]


def _unknown(tag: str, parent: str, known: Iterable[str]) -> Problem:
    return Problem(f"sequence/{tag}/parents", f'unknown sequence "{parent}"', nearest(parent, known))
