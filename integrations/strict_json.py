"""The one JSON decoder in front of everything: what it lets through can be stored, compared and sent on unchanged.

Refused: NaN and infinities, numbers that overflow, integers beyond 64 bits, duplicate keys, lone surrogates, U+0000,
too deep and too large documents. Source: design section 7; RFC 8259 section 9 lets a parser set such limits.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Never

from integrations.errors import InvalidInput, Problem, join_place
from integrations.types import Json

MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
_LARGEST_WITHOUT_EXPONENT = 1e21  # ECMA-262, Number::toString
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
#: An unclosed text runs to the end, so that every character is looked at once.
_TEXT_OR_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    max_bytes: int = 5_000_000
    max_depth: int = 64
    #: Values of every kind, keys not counted.
    max_values: int = 200_000


DEFAULT_LIMITS = Limits()


def loads(text: str | bytes, *, limits: Limits = DEFAULT_LIMITS) -> Json:
    """Return the value that `text` holds.

    Raises:
        InvalidInput: with the place of what is wrong (line and column for broken syntax, a path for a refused value).
    """
    decoded = _decode(text, limits)
    _refuse_deep_text(decoded, limits.max_depth)
    try:
        value = json.loads(
            decoded, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_int=_bounded_integer
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise InvalidInput([Problem(place, f"this is not JSON: {error.msg}")]) from None
    return check(value, limits=limits)


def check(value: object, *, limits: Limits = DEFAULT_LIMITS, place: str = "") -> Json:
    """Return `value` as it is if it is plain JSON within `limits`; tuples become lists.

    For values that come from Python code rather than from a text. Raises:
        InvalidInput: with every refused place (the first 20).
    """
    walk = _Walk(limits)
    checked = walk.visit(value, place, 1)
    if walk.problems:
        raise InvalidInput(walk.problems[:20])
    return checked


def dumps(value: Json) -> str:
    """Return the shortest JSON text of `value`, keys in their own order, no NaN."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def canonical(value: Json) -> str:
    """Return the JSON text that equal values share, for hashes and cache keys: keys sorted, no spaces."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def pretty(value: Json) -> str:
    """Return indented JSON text for people to read, in its own order and script."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def as_text(value: Json) -> str:
    """Return a value as it stands within a text: JSON, but whole numbers without point or exponent: 5 for 5.0.

    From 1e21 on a number keeps its exponent, as in JavaScript.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_WITHOUT_EXPONENT:
        return str(int(value))
    return dumps(value)


class _Walk:
    """Copies a value, collecting what is wrong; stops looking once the document is known to be too big."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.problems: list[Problem] = []
        self.values = 0

    def visit(self, value: Any, place: str, depth: int) -> Json:
        self.values += 1
        if self.values > self.limits.max_values:
            if self.values == self.limits.max_values + 1:
                self._refuse(place, f"more than {self.limits.max_values} values")
            return None
        if isinstance(value, str):
            return self._text(value, place)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return self._integer(value, place)
        if isinstance(value, float):
            return self._float(value, place)
        if isinstance(value, (dict, list, tuple)):
            return self._container(value, place, depth)
        self._refuse(place, f"{type(value).__name__} is not a JSON type")
        return None

    def _container(self, value: dict[Any, Any] | list[Any] | tuple[Any, ...], place: str, depth: int) -> Json:
        if depth > self.limits.max_depth:
            self._refuse(place, f"nested more than {self.limits.max_depth} deep")
            return None
        if not isinstance(value, dict):
            return [self.visit(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
        return {self._key(key, place): self._member(key, item, place, depth) for key, item in value.items()}

    def _member(self, key: object, item: object, place: str, depth: int) -> Json:
        return self.visit(item, join_place(place, _readable(str(key))), depth + 1)

    def _key(self, key: object, place: str) -> str:
        if isinstance(key, str):
            return self._text(key, place) or ""
        self._refuse(place, f"a key is {type(key).__name__}, not text")
        return ""

    def _text(self, text: str, place: str) -> str | None:
        if _UNSTORABLE.search(text):
            self._refuse(place, "the text holds U+0000 or half of a surrogate pair")
            return None
        return text

    def _integer(self, number: int, place: str) -> Json:
        if MIN_INTEGER <= number <= MAX_INTEGER:
            return int(number)
        self._refuse(place, "the integer does not fit in 64 bits", "send it as text")
        return None

    def _float(self, number: float, place: str) -> Json:
        if math.isfinite(number):
            return number
        self._refuse(place, "the number is not finite")
        return None

    def _refuse(self, place: str, message: str, hint: str = "") -> None:
        """Note a problem; the value stands as None in the copy, which nobody gets to see."""
        self.problems.append(Problem(place, message, hint))


def _decode(text: str | bytes, limits: Limits) -> str:
    if len(text) > limits.max_bytes:
        raise InvalidInput(f"the document is larger than {limits.max_bytes} bytes")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the document is not UTF-8 (byte {error.start})") from None


def _refuse_deep_text(text: str, max_depth: int) -> None:
    """Count brackets outside strings, so that the recursive decoder never meets a document it could overflow on."""
    depth = 0
    for match in _TEXT_OR_BRACKET.finditer(text):
        found = match.group()
        if found in "[{":
            depth += 1
            if depth > max_depth:
                raise InvalidInput(f"the document is nested more than {max_depth} deep")
        elif found in "]}":
            depth -= 1


def _readable(key: str) -> str:
    """Return a key for a place or a message, which must be storable where the key itself is not."""
    return _UNSTORABLE.sub("\ufffd", key[:100])


def _unique_keys(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise InvalidInput(f'the key "{_readable(twice)}" appears twice in one object')
    return members


def _refuse_constant(name: str) -> Never:
    raise InvalidInput(f"{name} is not a JSON number")


def _bounded_integer(digits: str) -> int:
    # int() itself is quadratic in the number of digits, so length comes first.
    if len(digits) > 20 or not MIN_INTEGER <= int(digits) <= MAX_INTEGER:
        raise InvalidInput("an integer does not fit in 64 bits (send it as text)")
    return int(digits)
