"""How single values are written into paths, queries, forms and headers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from integrations import strict_json
from integrations.connectors.egress import InvalidRequest
from integrations.types import Json

Scalar = str | int | float | bool


def written(value: Scalar) -> str:
    """Return `value` as text: booleans as `true` and `false`, whole numbers without a point."""
    return value if isinstance(value, str) else strict_json.as_text(value)


def flat_pairs(values: Mapping[str, Json], *, place: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of each value; a list repeats its name, None is left out.

    Raises:
        InvalidRequest: a value is an object or a list within a list. `place` says whose values they are.
    """
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                yield name, written(checked_scalar(item, place=f"{place}/{name}"))


def checked_scalar(value: Json, *, place: str) -> Scalar:
    """Return `value` if it is text, a finite number or a boolean."""
    if isinstance(value, (dict, list)):
        key = place.rpartition("/")[2]
        raise InvalidRequest(f'{place}: a nested value cannot be sent here (name each part, as "{key}[status]")')
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise InvalidRequest(f"{place}: the value is neither text nor a number nor a boolean")
    return value


def encoded(text: str, *, place: str) -> bytes:
    """Return `text` as UTF-8."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidRequest(f"{place}: the text holds half of a surrogate pair") from None
