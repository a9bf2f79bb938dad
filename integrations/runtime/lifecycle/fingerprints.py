"""Tells which failures are alike, by their messages without what changes from one to the next."""

from __future__ import annotations

import hashlib
import re

from integrations import strict_json
from integrations.types import Json

#: How much of a message counts; the rest of a longer one adds nothing to its beginning.
_MOST_CHARACTERS = 2_000
#: Longest first where one begins like another. A quote within a word is an apostrophe.
_CHANGING = re.compile(
    r"""
      (?P<id> [0-9a-fA-F]{8} (?:-[0-9a-fA-F]{4}){3} -[0-9a-fA-F]{12} )
    | (?P<time> \d{4}-\d\d-\d\d (?: [T\ ]\d\d:\d\d(?::\d\d(?:\.\d+)?)? )? (?: Z | [+-]\d\d:?\d\d )? )
    | (?P<text> "[^"\n]*" | “[^”\n]*” | (?<!\w)'[^'\n]*'(?!\w) )
    | (?P<hex> 0x[0-9a-fA-F]+ | \b (?=[0-9a-fA-F]*[0-9]) (?=[0-9a-fA-F]*[a-fA-F]) [0-9a-fA-F]{8,} \b )
    | (?P<n> \d+ (?:[.,]\d+)* )
    """,
    re.VERBOSE | re.ASCII,
)


def normalized(message: str) -> str:
    """Return the message with ids, times, quoted texts, hexadecimal and other numbers as `<id>`, `<time>`, …"""
    replaced = _CHANGING.sub(lambda found: f"<{found.lastgroup}>", message[:_MOST_CHARACTERS])
    return " ".join(replaced.split())


def fingerprint(*, feature_id: int | None, app: str, target: str, code: str, title: str) -> str:
    """Return the SHA-256 in hex of what alike failures have in common; `title` is the normalized message."""
    parts: Json = [feature_id, app, target, code, title]
    return hashlib.sha256(strict_json.canonical(parts).encode()).hexdigest()
