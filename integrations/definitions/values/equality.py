"""Equality of JSON values, which is not Python's: true is not 1."""

from __future__ import annotations

from integrations.types import Json


def json_equal(left: Json, right: Json) -> bool:
    """Return whether two values are the same JSON value: 1 equals 1.0, true equals neither.

    Source: JSON Schema 2020-12, core section 4.2.2.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(json_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(json_equal(left[key], right[key]) for key in left)
    return left == right
