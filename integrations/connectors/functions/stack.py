"""Turns the engine's stack text into places in the author's source."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: How far the compiled script's first line is pushed right; `compiler.js` pads every form to this.
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

    def __str__(self) -> str:
        return f"    at {self.function or '<anonymous>'} (line {self.line}, column {self.column})"


def author_frames(stack: str, *, javascript: str) -> tuple[Frame, ...]:
    """Return the frames of `stack` that lie in what the author wrote, innermost first.

    `javascript` is the compiled script: one line of it follows the author's last.
    """
    lines = javascript.count("\n")
    frames = (_frame(match) for match in _FRAME.finditer(stack))
    kept = [each for each in frames if not each.function.startswith("$host") and each.line <= lines and each.column > 0]
    return tuple(kept[:_MOST_FRAMES])


def _frame(match: re.Match[str]) -> Frame:
    line, column = int(match["line"]), int(match["column"])
    function = "" if match["function"] in _NAMELESS else match["function"]
    return Frame(function=function, line=line, column=column - HEAD_COLUMNS if line == 1 else column)


def format_stack(frames: tuple[Frame, ...]) -> str:
    return "\n".join(map(str, frames))


def word_at(frame: Frame, *, javascript: str) -> str:
    """Return the name that stands where `frame` points to, or ""."""
    line = javascript.split("\n")[frame.line - 1]
    found = _WORD.match(line, frame.column - 1 + (HEAD_COLUMNS if frame.line == 1 else 0))
    return found.group() if found else ""
