"""The resource of an action: a path below the base URL, and the query that it may bring, with placeholders in both.

    /v1/orders/:id        a segment that begins with a colon and a name
    /v1/orders/{id}.pdf   braces anywhere
    /v1/orders?by={name}  braces anywhere in the query

`/v1/jobs/{id}:cancel` and `?at=12:30&next=:none` are what APIs have, so any other colon is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

_IN_PATH: Final = re.compile(r"\{(?P<braced>[^{}/]+)\}|(?:^|(?<=/)):(?P<colon>[A-Za-z_][A-Za-z0-9_]*)")
_IN_QUERY: Final = re.compile(r"\{(?P<braced>[^{}&=]+)\}")
_REFERENCE: Final = re.compile(r"\$[A-Z][A-Za-z]*\{")


class Piece(NamedTuple):
    """A piece of text, or the name that a value stands in place of."""

    text: str = ""
    name: str = ""


class Resource(NamedTuple):
    #: By segment.
    path: tuple[tuple[Piece, ...], ...]
    query: tuple[Piece, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the placeholders, in order, each once."""
        pieces = (*(piece for segment in self.path for piece in segment), *self.query)
        return tuple(dict.fromkeys(piece.name for piece in pieces if piece.name))


@lru_cache(maxsize=1024)  # the same few all day
def parse_resource(text: str) -> Resource:
    path, _, query = text.partition("#")[0].partition("?")
    segments = (tuple(_pieces(_IN_PATH, segment)) for segment in path.split("/"))
    return Resource(path=tuple(segments), query=tuple(_pieces(_IN_QUERY, query)))


def unfilled(text: str) -> Iterator[tuple[str, str]]:
    """Yield what in a resource looks as if it were filled and is not, each with a hint."""
    if reference := _REFERENCE.search(text):
        yield f"{reference[0]}…}} is not read here", "name a param, as in /orders/{id}, and map it in the event's input"
        return
    if "#" in text:
        yield "what follows a # is never sent", "write %23 for the character"
    resource = parse_resource(text)
    literal = "".join(piece.text for pieces in (*resource.path, resource.query) for piece in pieces)
    if re.search(r"[{}]", literal):
        yield "a brace is part of no placeholder", "a param is named as in {id}; write %7B and %7D for the characters"
    if found := re.search(r"<[A-Za-z_]\w*>", literal):
        yield f"{found[0]} is no placeholder", f"a param is named as in {{{found[0][1:-1]}}}"


def _pieces(placeholder: re.Pattern[str], text: str) -> Iterator[Piece]:
    end = 0
    for match in placeholder.finditer(text):
        if match.start() > end:
            yield Piece(text=text[end : match.start()])
        yield Piece(name=match[match.lastgroup or 0])
        end = match.end()
    if end < len(text):
        yield Piece(text=text[end:])
