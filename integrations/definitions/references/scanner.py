"""A cursor over one text, that knows which column it stands in and what a token looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Text up to the next form: `$$`, and `$` before anything but a letter, are text.
PLAIN = re.compile(r"(?:[^$]+|\$\$|\$(?![A-Za-z$]))+")
NAME = re.compile(r"\$([A-Za-z]+)")
SPACE = re.compile(r"\s*")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
#: A JSON text, unrolled so that an unclosed one fails in one pass.
QUOTED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
WORD = re.compile(r"[^\s,()\[\]{}]+")
INDEX = re.compile(r"\[(-?\d{1,15})\]\}")
KEY = re.compile(r"[^{}]*")
PLAIN_KEYS = re.compile(r"(?:\{[^{}]*\})*")


class SyntaxStop(Exception):
    """The rest of this text cannot be read; the reader turns it into a problem."""

    def __init__(self, position: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.position, self.message, self.hint = position, message, hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a text begins in the text that a person sees."""

    column: int = 1
    #: False for a quoted text with escapes, in which columns do not move with the characters.
    exact: bool = True

    def column_of(self, position: int) -> int:
        return self.column + position if self.exact else self.column


class Scanner:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.text)

    def looking_at(self, token: str) -> bool:
        return self.text.startswith(token, self.position)

    def accept(self, token: str) -> bool:
        """Step over `token` if it comes next."""
        if not self.looking_at(token):
            return False
        self.position += len(token)
        return True

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Step over what `pattern` matches here."""
        found = pattern.match(self.text, self.position)
        if found:
            self.position = found.end()
        return found

    def skip_space(self) -> None:
        self.match(SPACE)

    def expect(self, token: str, *, after: str) -> None:
        """Step over `token`, which must come next."""
        if not self.accept(token):
            raise SyntaxStop(self.position, f'{self.found()} where "{token}" should be', f"after {after}")

    def found(self) -> str:
        """Return what stands here, for a message."""
        return "the text ends" if self.at_end else f'there is "{self.text[self.position]}"'
