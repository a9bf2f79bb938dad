"""What each operator does with values that have been looked up already.

Nothing is coerced: a number in a text is not a number, and true is not 1. Characters are code points. What an operator
takes is written in `definitions.references.names`, and checked here once more, since most values are only known now.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, TypeAlias

from integrations import strict_json
from integrations.definitions.references import COMPARISONS, OPERATORS, suggestion, type_words
from integrations.engine import comparisons
from integrations.engine.comparisons import type_word
from integrations.engine.date_formats import format_date
from integrations.engine.resolve_errors import MissingValue, ResolveError
from integrations.types import Json

#: The longest text and list that an operator gives, so that a few nested operators cannot fill the memory.
MAX_TEXT = 5_000_000  # code points
MAX_ELEMENTS = 200_000
MAX_COMPARISONS = 2_000_000

Number: TypeAlias = int | float


def apply(name: str, arguments: list[Any]) -> Json:
    """Return what the operator gives for arguments that fit one of its signatures in number.

    Raises:
        ResolveError: an argument has the wrong type, or the result is out of bounds.
        MissingValue: `$Pick` past the end.
    """
    _check_types(name, arguments)
    return _FUNCTIONS[name](*arguments)


def to_text(value: Json) -> str:
    """Return a value as text around it is filled in: text as it is, null as nothing, lists and objects as JSON."""
    return "" if value is None else value if isinstance(value, str) else strict_json.as_text(value)


def concatenate(texts: Iterable[str], separator: str = "") -> str:
    """Return the texts in one, refusing as soon as they are too long together."""
    parts: list[str] = []
    length = -len(separator)
    for text in texts:
        length += len(text) + len(separator)
        if length > MAX_TEXT:
            raise ResolveError(f"the text would be longer than {MAX_TEXT:,} characters")
        parts.append(text)
    return separator.join(parts)


def _check_types(name: str, arguments: list[Any]) -> None:
    parameters = OPERATORS[name].parameters_for(len(arguments)) or ()
    for number, (parameter, argument) in enumerate(zip(parameters, arguments, strict=True), start=1):
        if _JSON_TYPES[type(argument)] not in parameter.types:
            raise ResolveError(
                f"argument {number} of ${name} ({parameter.name}) takes {type_words(parameter.types)}, "
                f"here is {type_word(argument)}"
            )


def _arithmetic(step: Callable[[Number, Number], Number]) -> Callable[..., Number]:
    return lambda *numbers: reduce(lambda left, right: _bounded(step(left, right)), numbers)


def _divide(left: Number, right: Number) -> Number:
    if right == 0:
        raise ResolveError("$Divide by zero")
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return left // right
    return left / right


def _bounded(number: Number) -> Number:
    if isinstance(number, int):
        if not strict_json.MIN_INTEGER <= number <= strict_json.MAX_INTEGER:
            raise ResolveError("the result does not fit in a whole number of 64 bits")
    elif not math.isfinite(number):
        raise ResolveError("the result is too large for a number")
    return number


def _concat(values: list[Json], separator: str = "") -> str:
    return concatenate(map(to_text, values), separator)


def _join(lists: list[Json]) -> list[Json]:
    joined: list[Json] = []
    for each in lists:
        if not isinstance(each, list):
            raise ResolveError(f"$Join takes a list of lists, here is {type_word(each)} in it")
        joined += each
        if len(joined) > MAX_ELEMENTS:
            raise ResolveError(f"the list would be longer than {MAX_ELEMENTS:,} elements")
    return joined


def _split(text: str, separator: str) -> list[Json]:
    """Split a text; an empty separator gives its characters."""
    count = text.count(separator) if separator else len(text)
    if count >= MAX_ELEMENTS:
        raise ResolveError(f"the list would be longer than {MAX_ELEMENTS:,} elements")
    return [*text.split(separator)] if separator else [*text]


def _substring(text: str, start: int, end: int | None = None) -> str:
    return text[start:end]


def _pick(holder: list[Json] | str, index: int) -> Json:
    if not -len(holder) <= index < len(holder):
        raise MissingValue(f"$Pick of index {index}, but there are {len(holder)}")
    return holder[index]


def _replace(text: str, what: str, replacement: str) -> str:
    if not what:
        raise ResolveError("$Replace needs a text to replace, here it is empty")
    if len(text) + text.count(what) * (len(replacement) - len(what)) > MAX_TEXT:
        raise ResolveError(f"the text would be longer than {MAX_TEXT:,} characters")
    return text.replace(what, replacement)


def _date_format(value: Json, pattern: str, zone: str = "UTC") -> str:
    return format_date(value, pattern, zone=zone)


def _filter(elements: list[Json], *condition: Any) -> list[Json]:
    return [*filter(_Matcher(*condition), elements)]


def _find(elements: list[Json], *condition: Any) -> Json:
    """Return the first element that matches, or null."""
    return next(filter(_Matcher(*condition), elements), None)


class _Matcher:
    """Decides about one element after another, from `comparison, value` or `key, comparison, value`."""

    def __init__(self, *condition: Any) -> None:
        *keys, self.name, self.value = condition
        self.key: str | None = keys[0] if keys else None
        if self.name not in _COMPARISONS:
            raise ResolveError(f"an unknown comparison; {suggestion(self.name, COMPARISONS)}")
        self.compared = 0

    def __call__(self, element: Json) -> bool:
        left = element if self.key is None else _member(element, self.key)
        self._spend(left if self.name == "contains" else self.value)
        return _COMPARISONS[self.name](left, self.value)

    def _spend(self, holder: Json) -> None:
        """Count comparisons, since two long lists make their product of them."""
        self.compared += len(holder) if isinstance(holder, list) else 1
        if self.compared > MAX_COMPARISONS:
            raise ResolveError(f"the search would make more than {MAX_COMPARISONS:,} comparisons")


def _member(element: Json, key: str) -> Json:
    """Return the element's value for a key; one that it does not have compares as null."""
    if isinstance(element, dict):
        return element.get(key)
    raise ResolveError(f'there is {type_word(element)} in the list, which has no key "{key}"')


def _in_order(compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], bool]:
    return lambda left, right: comparisons.ordered(left, right, compare=compare)


_COMPARISONS: dict[str, Callable[[Json, Json], bool]] = {
    "==": comparisons.equal,
    "!=": lambda left, right: not comparisons.equal(left, right),
    "<": _in_order(operator.lt),
    "<=": _in_order(operator.le),
    ">": _in_order(operator.gt),
    ">=": _in_order(operator.ge),
    "in": lambda left, right: comparisons.contains(right, left),
    "contains": comparisons.contains,
}

_JSON_TYPES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}

#: `$Default` is not here: it decides whether its second argument is looked up at all, see the resolver.
_FUNCTIONS: dict[str, Callable[..., Json]] = {
    "Add": _arithmetic(operator.add),
    "Subtract": _arithmetic(operator.sub),
    "Multiply": _arithmetic(operator.mul),
    "Divide": _arithmetic(_divide),
    "Concat": _concat,
    "Join": _join,
    "Split": _split,
    "Substring": _substring,
    "Pick": _pick,
    "Trim": str.strip,
    "Uppercase": str.upper,
    "Lowercase": str.lower,
    "Replace": _replace,
    "Dateformat": _date_format,
    "Filter": _filter,
    "Find": _find,
    "Size": len,
    "Length": len,
}
