"""Finds the place in an author's source from which a place in a compiled script comes.

The script carries its map in its last line, in the format of `mappings` in a source map (ECMA-426): a `;` ends a line
of the script, a `,` a segment; a segment is up to five numbers in base 64, each the difference to the one before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase, digits

_MARK = "//# mappings="
_BASE_64 = f"{ascii_uppercase}{ascii_lowercase}{digits}+/"
_DIGITS = {digit: value for value, digit in enumerate(_BASE_64)}


@dataclass(frozen=True, slots=True)
class Segment:
    """Where a piece of one line of the script begins, and where it comes from. All from 0."""

    column: int
    source_line: int
    source_column: int


class SourceMap:
    """The places of one script."""

    def __init__(self, mappings: str) -> None:
        self._lines = list(_decoded(mappings))

    @classmethod
    def of(cls, javascript: str) -> SourceMap | None:
        """Return the map that a script carries; None if its places are the author's own."""
        last_line = javascript[javascript.rfind("\n") + 1 :]
        return cls(last_line.removeprefix(_MARK)) if last_line.startswith(_MARK) else None

    def author_place(self, line: int, column: int) -> tuple[int, int] | None:
        """Return the author's line and column, from 1, or None for what the compiler has added."""
        segments = self._lines[line - 1] if line <= len(self._lines) else []
        index = bisect_right(segments, column - 1, key=lambda segment: segment.column)
        if not index:
            return None
        found = segments[index - 1]
        return found.source_line + 1, found.source_column + 1


def with_map(javascript: str, mappings: str | None) -> str:
    """Return `javascript` with its map in a comment behind it."""
    return javascript if mappings is None else f"{javascript}\n{_MARK}{mappings}"


def _decoded(mappings: str) -> Iterator[list[Segment]]:
    line = column = 0
    for group in mappings.split(";"):
        generated = 0
        segments = []
        for text in filter(None, group.split(",")):
            # The second number says which of several sources; there is one.
            moved, _, lines, columns = list(_numbers(text))[:4]
            generated, line, column = generated + moved, line + lines, column + columns
            segments.append(Segment(generated, line, column))
        yield segments


def _numbers(text: str) -> Iterator[int]:
    """Yield the numbers: five bits a digit, the lowest first, 32 for more; the lowest bit of a number is its sign."""
    number = shift = 0
    for digit in text:
        value = _DIGITS[digit]
        number |= (value & 31) << shift
        shift += 5
        if not value & 32:
            yield -(number >> 1) if number & 1 else number >> 1
            number = shift = 0
