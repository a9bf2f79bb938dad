"""Turns the engine's stack text into places in the author's source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from integrations.connectors.functions.source_map import SourceMap

#: How far the first line of a script without a map is pushed right; `compiler.js` pads every form to this.
HEAD_COLUMNS = len('(async(input)=>{"use strict";const $result=(')

_FRAME = re.compile(r"^\s*at (?:(?P<function>.+?) \()?<input>:(?P<line>\d{1,9}):(?P<column>\d{1,9})\)?$", re.MULTILINE)
_MOST_FRAMES = 20
#: What the engine and `compiler.js` call a function to which its author gave no name.
_NAMELESS = (None, "<anonymous>", "<eval>", "$result", "$main")
_WORD = re.compile(r"[\w$]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One call in progress; `line` and `column` are 1-based places in the author's source."""

    function: str
    line: int
    column: int
    #: The name that stands there in the script, or "".
    word: str = ""

    def __str__(self) -> str:
        return f"    at {self.function or '<anonymous>'} (line {self.line}, column {self.column})"


def author_frames(stack: str, *, javascript: str) -> tuple[Frame, ...]:
    """Return the frames of `stack` that lie in what the author wrote, innermost first."""
    script = _Script(javascript)
    frames = (script.frame(match) for match in _FRAME.finditer(stack))
    return tuple(islice(filter(None, frames), _MOST_FRAMES))


class _Script:
    """A compiled script, as the places in a stack point into it."""

    def __init__(self, javascript: str) -> None:
        self._lines = javascript.split("\n")
        self._map = SourceMap.of(javascript)

    def frame(self, match: re.Match[str]) -> Frame | None:
        """Return the frame; None for one in what the compiler or `runtime.js` added."""
        if (match["function"] or "").startswith("$host"):
            return None
        line = int(match["line"])
        text = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        column = _characters(text, int(match["column"]) - 1)
        place = self._author_place(line, column + 1)
        if not place:
            return None
        function = "" if match["function"] in _NAMELESS else match["function"]
        word = _WORD.match(text, column)
        return Frame(function=function, line=place[0], column=place[1], word=word.group() if word else "")

    def _author_place(self, line: int, column: int) -> tuple[int, int] | None:
        if self._map:
            return self._map.author_place(line, column)
        # One line of the script follows the author's last.
        own_column = column - HEAD_COLUMNS if line == 1 else column
        return (line, own_column) if line < len(self._lines) and own_column > 0 else None


def _characters(text: str, octets: int) -> int:
    """Return how many characters lie before a column of the engine's, which counts the bytes of UTF-8."""
    return octets if text.isascii() else len(text.encode()[:octets].decode(errors="ignore"))


def format_stack(frames: tuple[Frame, ...]) -> str:
    return "\n".join(map(str, frames))
