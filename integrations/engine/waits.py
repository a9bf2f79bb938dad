"""Lets time pass: a short wait stays in the execution, a longer one parks the run, which then holds no worker."""

from __future__ import annotations

import asyncio
import datetime as dt

from integrations.engine.execution import Execution
from integrations.engine.failures import FAILURES, EventError
from integrations.engine.lookups import look_up
from integrations.engine.recording import Turn
from integrations.engine.records import Checkpoint
from integrations.engine.signals import Parked
from integrations.engine.step import Step
from integrations.types import JsonObject

_LONGEST_WAIT = dt.timedelta(days=3660)


def is_short(execution: Execution, seconds: float) -> bool:
    """Return whether a wait stays in the execution."""
    return seconds <= execution.context.longest_inline_wait_seconds


async def wait_until(execution: Execution, due_at: dt.datetime) -> None:
    """Return at `due_at`.

    Raises:
        Parked: that is too long to stay.
    """
    clock = execution.context.clock
    seconds = (due_at - clock.now()).total_seconds()
    if not is_short(execution, seconds):
        raise Parked(due_at)
    if seconds > 0:
        await clock.sleep(seconds)


async def run_wait(execution: Execution, step: Step, checkpoint: Checkpoint | None) -> None:
    """Run a `wait` event: `{seconds}` from now, or `{until}` an ISO 8601 time or epoch ms. Its result is null.

    Raises:
        StepFailed: its input says neither.
        Parked: it is too long to stay.
    """
    turn = Turn(execution, step)
    due_at = checkpoint.due_at if checkpoint and checkpoint.status == "waiting" else None
    if due_at is None:
        execution.halt_if_failed(step)
        due_at = await _planned_end(execution, step, turn)
    try:
        await wait_until(execution, due_at)
    except asyncio.CancelledError:
        await turn.broken_off()
        raise
    await turn.succeeded(None, reason=f"waited until {_shown(due_at)}")


async def _planned_end(execution: Execution, step: Step, turn: Turn) -> dt.datetime:
    try:
        due_at = await _due_at(execution, step)
    except FAILURES as error:
        raise await turn.refused(error) from None
    if not is_short(execution, (due_at - execution.context.clock.now()).total_seconds()):
        await turn.waiting(due_at, reason=f"waits until {_shown(due_at)}")
    return due_at


async def _due_at(execution: Execution, step: Step) -> dt.datetime:
    mapping, now = step.planned.input, execution.context.clock.now()
    resolved = await look_up(execution, mapping, execution.values(step), logs=[]) if mapping else None
    given = resolved if isinstance(resolved, dict) else {}
    due_at = _parsed({key: value for key, value in given.items() if value is not None}, now)
    if due_at is None or due_at - now > _LONGEST_WAIT:
        message = "a wait takes seconds (a number, 0 or more), or until (an ISO 8601 time with a zone, or epoch ms)"
        raise EventError(message, code="bad_input")
    return due_at


def _parsed(given: JsonObject, now: dt.datetime) -> dt.datetime | None:
    try:
        match given:
            case {"seconds": int() | float() as seconds, **rest} if not rest and not isinstance(seconds, bool):
                return now + dt.timedelta(seconds=seconds) if seconds >= 0 else None
            case {"until": int() as until, **rest} if not rest and not isinstance(until, bool):
                return dt.datetime.fromtimestamp(until / 1000, dt.UTC)
            case {"until": str() as until, **rest} if not rest:
                moment = dt.datetime.fromisoformat(until)
                return moment.astimezone(dt.UTC) if moment.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _shown(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds")
