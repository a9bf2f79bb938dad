"""Splits what is too much for one statement or transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Value = TypeVar("Value")


def batched(values: Sequence[Value], size: int) -> Iterator[Sequence[Value]]:
    """Yield the values in batches of `size`, the last one maybe smaller: `itertools.batched` of Python 3.12."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
