"""Names for JSON shapes."""

from __future__ import annotations

from typing import TypeAlias

#: A JSON value as Python holds it. Whole numbers are `int` (64 bits), others `float`, never NaN or infinite.
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]
