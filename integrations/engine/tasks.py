"""Runs coroutines at the same time, and work that can be broken off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """Like `asyncio.TaskGroup()`, but raises the first error itself rather than a group of errors."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def run_together(coroutines: Iterable[Coroutine[Any, Any, None]]) -> None:
    async with together() as group:
        for coroutine in coroutines:
            group.create_task(coroutine)


class BrokenOff(Exception):
    """The work was broken off before it was done."""


class Breakable(Generic[Result]):
    """Work in a task of its own, so that breaking it off cannot be taken for a cancellation of whoever waits for it."""

    def __init__(self, work: Coroutine[Any, Any, Result]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)
        self._is_broken_off = False

    def break_off(self, tell: Callable[[], None]) -> None:
        """Cancel the work, unless it is done; `tell` is called before it notices. Only from the loop's own thread."""
        if not self._task.done():
            self._is_broken_off = True
            tell()
            self._task.cancel()

    async def result(self) -> Result:
        """Return what the work returns.

        Raises:
            BrokenOff: it was broken off.
        """
        try:
            return await self._task
        except asyncio.CancelledError:
            if not self._is_broken_off:
                raise
            raise BrokenOff from None
