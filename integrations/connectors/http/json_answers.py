"""Reads the JSON of an answer, and makes the best of what cannot be stored as it is.

The doors of this installation refuse such documents (`strict_json`). An answer is read instead: it mostly comes after
something was done, and one odd value must not make the rest unusable. What is changed is said, with its place:

    a whole number beyond 64 bits, or a number beyond a float   is kept as text, with all its digits
    a key that comes twice in one object                        the last one counts, as in most parsers
    U+0000 or half of a surrogate pair in a text or a key       is replaced by U+FFFD

Broken syntax (NaN is), documents that are nested too deep or hold too many values are refused.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any, ClassVar, Final

from integrations import strict_json
from integrations.connectors.egress import EgressError
from integrations.connectors.http.texts import decode_json
from integrations.errors import InvalidInput, join_place
from integrations.types import Json

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_BLANK: Final = " \t\r\n"
_MOST_NOTES: Final = 5
#: Of a key or a place in a message.
_MOST_CHARACTERS: Final = 100
_LIMITS: Final = strict_json.DEFAULT_LIMITS
_CONSTANTS: Final = frozenset({"NaN", "Infinity", "-Infinity"})


class BadResponse(EgressError):
    """The answer is not what its Content-Type says."""

    CODE: ClassVar[str] = "bad_response"


def read_json(body: bytes, *, label: str = "") -> tuple[Json, tuple[str, ...]]:
    """Return the value, None for a blank document, and what was changed in it.

    Raises:
        BadResponse: it is no JSON, or too much of it. The message says what and where, by line and column or by keys,
            and quotes no value.
    """
    text = decode_json(body, label=label)
    if text is None:
        raise BadResponse("the body calls itself JSON and is not UTF-8")
    if not text.strip(_BLANK):
        return None, ()
    try:
        return strict_json.loads(text, limits=replace(_LIMITS, max_bytes=max(len(text), _LIMITS.max_bytes))), ()
    except InvalidInput:
        return _mended(text)


class _Members(list[tuple[str, Any]]):
    """The members of an object as they come."""


class _Number(str):
    """A number that cannot be stored as one, as it is written."""

    __slots__ = ()


def _mended(text: str) -> tuple[Json, tuple[str, ...]]:
    try:
        raw = json.loads(
            text, object_pairs_hook=_Members, parse_int=_whole, parse_float=_fraction, parse_constant=_Number
        )
    except json.JSONDecodeError as error:
        raise BadResponse(_not_json(f"line {error.lineno} column {error.colno}")) from None
    except RecursionError:
        raise BadResponse(_too_deep("the body")) from None
    walk = _Walk()
    value = walk.visit(raw, "", 1)
    more = walk.changes - len(walk.notes)
    return value, (*walk.notes, *([f"and {more} more of the kind"] if more else []))


class _Walk:
    def __init__(self) -> None:
        #: The first few of what was changed, and how many there were.
        self.notes: list[str] = []
        self.changes = 0
        self.values = 0

    def visit(self, value: Any, place: str, depth: int) -> Json:
        self.values += 1
        if self.values > _LIMITS.max_values:
            raise BadResponse(f"the JSON of the body holds more than {_LIMITS.max_values} values")
        if isinstance(value, list) and depth > _LIMITS.max_depth:
            raise BadResponse(_too_deep(_shown(place)))
        if isinstance(value, _Members):
            return self._object(value, place, depth)
        if isinstance(value, list):
            return [self.visit(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
        if isinstance(value, _Number):
            return self._number(value, place)
        return self._text(value, place) if isinstance(value, str) else value

    def _object(self, pairs: _Members, place: str, depth: int) -> Json:
        members: dict[str, Json] = {}
        for key, item in pairs:
            name = self._text(key, place)
            if name in members:
                self._note(f'the key "{_readable(name)}" comes twice in {_shown(place)}, and the last one counts')
            members[name] = self.visit(item, join_place(place, _readable(name)), depth + 1)
        return members

    def _number(self, number: _Number, place: str) -> Json:
        if number in _CONSTANTS:
            raise BadResponse(_not_json(f"{_shown(place)} is {number}"))
        self._note(f"the number {_shown(place)} is too large for one and is kept as text")
        return str(number)

    def _text(self, text: str, place: str) -> str:
        if not _UNSTORABLE.search(text):
            return text
        self._note(f"{_shown(place)} holds U+0000 or half of a surrogate pair, replaced by U+FFFD")
        return _UNSTORABLE.sub("\ufffd", text)

    def _note(self, note: str) -> None:
        self.changes += 1
        if self.changes <= _MOST_NOTES:
            self.notes.append(note)


def _whole(digits: str) -> int | _Number:
    # int() itself is quadratic in the number of digits, so length comes first.
    if len(digits) > 20 or not strict_json.MIN_INTEGER <= int(digits) <= strict_json.MAX_INTEGER:
        return _Number(digits)
    return int(digits)


def _fraction(digits: str) -> float | _Number:
    number = float(digits)
    return number if math.isfinite(number) else _Number(digits)


def _readable(key: str) -> str:
    """Return a key for a message, whole or not at all: half a secret is not known to be one by who redacts next."""
    return key if 0 < len(key) <= _MOST_CHARACTERS else f"(a key of {len(key)} characters)"


def _shown(place: str) -> str:
    if len(place) > _MOST_CHARACTERS:
        place = place[:_MOST_CHARACTERS].rpartition("/")[0] + "/…"
    return place or "the body"


def _not_json(place: str) -> str:
    return f"the body calls itself JSON and is not ({place})"


def _too_deep(place: str) -> str:
    return f"the JSON of the body is nested more than {_LIMITS.max_depth} deep, at {place}"
