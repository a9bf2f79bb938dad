"""A clock and an event loop whose time passes at once: whatever sleeps wakes in its order, and nobody waits."""

from __future__ import annotations

import asyncio
import datetime as dt
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
START = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


class FakeClock:
    """Shows `START` plus what has been slept. Under `run`, sleeping and timeouts take no time."""

    def __init__(self, start: dt.datetime = START) -> None:
        self.start = start
        self.seconds = 0.0
        #: How long each sleep was asked to take.
        self.slept: list[float] = []

    def now(self) -> dt.datetime:
        return self.start + dt.timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(seconds)

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


def run(work: Coroutine[Any, Any, Result], *, clock: FakeClock) -> Result:
    """Run `work` in a loop that goes by `clock`: when all of it waits, the time jumps to the next timer."""
    with asyncio.Runner(loop_factory=lambda: _JumpingLoop(clock)) as runner:
        return runner.run(work)


class _JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: FakeClock) -> None:
        self._fake_clock = clock
        super().__init__(_JumpingSelector(clock))

    def time(self) -> float:
        return self._fake_clock.monotonic()

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads without a timeout: from Python 3.12 there is one, and time would jump over it."""
        await super().shutdown_default_executor()


class _JumpingSelector(selectors.SelectSelector):
    """Never waits for a timer; waits for real only when nothing is due ever, which is for another thread."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not timeout:
            return super().select(timeout)
        if ready := super().select(0):
            return ready
        # A little more than asked for, or the timer may be found not to be due by a rounding error.
        self._clock.advance(timeout + 1e-9)
        return []
