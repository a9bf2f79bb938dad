from __future__ import annotations

import asyncio

import pytest

from integrations.engine.tasks import Breakable, BrokenOff, run_together
from tests.fakes.clock import FakeClock, run


def test_run_together_raises_the_first_error_itself_after_stopping_the_others() -> None:
    stopped = []

    async def fail() -> None:
        await asyncio.sleep(1)
        raise ZeroDivisionError

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.append("yes")
            raise

    with pytest.raises(ZeroDivisionError):
        run(run_together([fail(), wait()]), clock=FakeClock())

    assert stopped == ["yes"]


def test_breakable_work_that_is_done_cannot_be_broken_off() -> None:
    async def work() -> int:
        return 7

    async def scenario() -> int:
        breakable = Breakable(work())
        result = await breakable.result()
        breakable.break_off(lambda: pytest.fail("told"))
        return result

    assert run(scenario(), clock=FakeClock()) == 7


def test_breakable_work_is_broken_off_after_it_is_told() -> None:
    told = []

    async def scenario() -> None:
        breakable = Breakable(asyncio.sleep(60))
        asyncio.get_running_loop().call_later(1, breakable.break_off, lambda: told.append("yes"))
        await breakable.result()

    with pytest.raises(BrokenOff):
        run(scenario(), clock=FakeClock())

    assert told == ["yes"]


def test_breakable_passes_on_the_cancellation_of_whoever_waits() -> None:
    async def scenario() -> None:
        waiting = asyncio.create_task(Breakable(asyncio.sleep(60)).result())
        await asyncio.sleep(1)
        waiting.cancel()
        await waiting

    with pytest.raises(asyncio.CancelledError):
        run(scenario(), clock=FakeClock())
