"""Checks what somebody chose for a replay, whichever front door it comes from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from integrations.definitions.base import nearest
from integrations.errors import InvalidInput, Problem, readable
from integrations.runtime.replays.planning import BEGINNING, FAILURE, Plan

_VERSIONS = ("original", "latest")
_CHOICES = ("again", "take_over")


def check(*, version: Any, start: Any, writes: Any, others: Any = "again") -> None:
    """Check what can be checked without the run: `writes` is by place, `others` is for all that it does not name.

    Raises:
        InvalidInput
    """
    problems = [*_unknown("version", version, _VERSIONS), *_unknown("writes", others, _CHOICES), *_bad_start(start)]
    if isinstance(writes, Mapping):
        problems += [each for place, choice in writes.items() for each in _unknown(_place(place), choice, _CHOICES)]
    else:
        problems.append(Problem("writes", "should say by step what becomes of what it wrote", _words(_CHOICES)))
    if problems:
        raise InvalidInput(problems)


def check_places(writes: Collection[str], plan: Plan) -> None:
    """Check that a choice stands for something that has been written.

    Raises:
        InvalidInput
    """
    known = [write.place for write in plan.writes]
    problems = [
        Problem(_place(place), "no attempt has written this", nearest(place, known) or "nothing has been written yet")
        for place in writes
        if place not in known
    ]
    if problems:
        raise InvalidInput(problems)


def _bad_start(start: Any) -> list[Problem]:
    if isinstance(start, str) and (start in (BEGINNING, FAILURE) or "/" in start):
        return []
    hint = f'say "{BEGINNING}", "{FAILURE}" or a step, sequence/event'
    return [Problem("start", f'"{readable(start)}" is not known', hint)]


def _unknown(place: str, value: Any, known: tuple[str, ...]) -> list[Problem]:
    if isinstance(value, str) and value in known:
        return []
    return [Problem(place, f'"{readable(value)}" is not known', _words(known))]


def _words(known: tuple[str, ...]) -> str:
    return "say " + " or ".join(f'"{each}"' for each in known)


def _place(place: Any) -> str:
    return f"writes/{readable(place)}"
