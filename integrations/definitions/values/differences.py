"""Where two JSON values differ, place by place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from integrations.definitions.values.equality import json_equal
from integrations.errors import join_place
from integrations.types import Json

#: More than anybody reads.
MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`left` and `right` are what stands there; the side that has nothing there has None."""

    #: Keys and indexes; () is the whole value.
    path: tuple[str | int, ...]
    kind: Literal["added", "removed", "changed"]
    left: Json = None
    right: Json = None

    @property
    def place(self) -> str:
        """Return the path as it is written in problems: `items[0]/price`, "" for the whole value."""
        place = ""
        for part in self.path:
            place = f"{place}[{part}]" if isinstance(part, int) else join_place(place, part)
        return place


def differences(left: Json, right: Json, *, most: int = MOST) -> list[Difference]:
    """Return at most `most` places at which the values differ, in their order; none when they are equal.

    Objects are compared key by key, lists index by index.
    """
    return list(itertools.islice(_differences(left, right, ()), most))


def _differences(left: Json, right: Json, path: tuple[str | int, ...]) -> Iterator[Difference]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in dict.fromkeys([*left, *right]):
            yield from _at(key in left, left.get(key), key in right, right.get(key), (*path, key))
    elif isinstance(left, list) and isinstance(right, list):
        for index in range(max(len(left), len(right))):
            has_left, has_right = index < len(left), index < len(right)
            yield from _at(
                has_left,
                left[index] if has_left else None,
                has_right,
                right[index] if has_right else None,
                (*path, index),
            )
    elif not json_equal(left, right):
        yield Difference(path=path, kind="changed", left=left, right=right)


def _at(has_left: bool, left: Json, has_right: bool, right: Json, path: tuple[str | int, ...]) -> Iterator[Difference]:
    if has_left and has_right:
        yield from _differences(left, right, path)
    elif has_left:
        yield Difference(path=path, kind="removed", left=left)
    else:
        yield Difference(path=path, kind="added", right=right)
