"""Asks the database at once, in the test's own thread, where no event loop may run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TypeVar

from django.db import transaction

Answer = TypeVar("Answer")


class RecorderAtOnce:
    async def ask(self, ask: Callable[[], Answer], *, locks: str = "") -> Answer:
        with transaction.atomic():
            return ask()

    def tell(self, work: Callable[[], object], *, locks: str = "") -> None:
        with transaction.atomic():
            work()


def finished(work: Coroutine[None, None, Answer]) -> Answer:
    """Return what a coroutine returns that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    raise AssertionError("it waits for something")
