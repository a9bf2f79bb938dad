"""What commands take as arguments."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable


def whole_number(*, most: int) -> Callable[[str], int]:
    """Return what reads a whole number from 1 to `most`, for an argument's `type`."""

    def read(text: str) -> int:
        is_number = text.isdecimal() and len(text) <= len(str(most))
        number = int(text) if is_number else 0
        if not 1 <= number <= most:
            raise ArgumentTypeError(f'should be a whole number from 1 to {most}, not "{text[:40]}"')
        return number

    return read


def seconds(*, most: int) -> Callable[[str], float]:
    """Return what reads a number of seconds from 0 to `most`, for an argument's `type`."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number <= most:
            raise ArgumentTypeError(f'should be a number of seconds from 0 to {most}, not "{text[:40]}"')
        return number

    return read
