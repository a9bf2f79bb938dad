"""What an app's call passes before it leaves: the circuit and the rate budget of the app environment it goes to."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

from integrations.connectors.base import Binding, Reply
from integrations.engine.circuits import is_failure
from integrations.engine.execution import Execution
from integrations.engine.ports import Limits
from integrations.engine.signals import Awaiting
from integrations.engine.step import Step
from integrations.errors import ConnectorError

#: How the reason of a step begins that is parked for its place in a budget; by it the next execution knows the place.
_WAITS = "waits for the rate budget"
#: A wait that takes more of an event's timeout than this parks, since parked time does not count.
_SHARE_OF_TIMEOUT = 0.1


class Gate:
    """The way out for one attempt of a step, which may send more than once."""

    def __init__(self, execution: Execution, step: Step, *, attempt: int) -> None:
        self._execution, self._step = execution, step
        self._place_at = _reserved_place(execution, step, attempt)
        #: What the call waited for, or "".
        self.reason = ""
        #: Where a call is on its way to, and whether it probes the circuit.
        self._out: tuple[Binding, bool] | None = None

    async def through(self, binding: Binding, send: Callable[[], Awaitable[Reply]]) -> Reply:
        """Send once the circuit and the budget allow it.

        Raises:
            ConnectorError: what `send` raises; or CircuitOpen, and nothing was sent.
            Awaiting: the budget's next place is too far off, or another call tries whether the app works again.
        """
        limits = self._execution.context.limits
        if limits is None:
            return await send()
        await limits.refuse_if_open(binding)
        await self._wait_for_place(limits, binding)
        is_probe = await limits.admit(binding)
        self._out = binding, is_probe
        try:
            reply = await send()
        except ConnectorError as error:
            self._out = None
            await limits.report(binding, failed=is_failure(error), is_probe=is_probe)
            if error.code == "http_429" and error.retry_after_seconds:
                await limits.push_back(binding, seconds=error.retry_after_seconds)
            raise
        except asyncio.CancelledError:
            if is_probe and self._execution.ending is not None:  # or else its time is up, as is told next
                self._out = None
                limits.abandon_probe(binding)
            raise
        self._out = None
        await limits.report(binding, failed=False, is_probe=is_probe)
        return reply

    def time_is_up(self) -> None:
        """Count it if a call was on its way when the attempt's time was up."""
        limits = self._execution.context.limits
        if limits is not None and self._out is not None:
            binding, is_probe = self._out
            self._out = None
            limits.report_late(binding, is_probe=is_probe)

    async def _wait_for_place(self, limits: Limits, binding: Binding) -> None:
        place_at, self._place_at = self._place_at, None
        if place_at is not None:
            await self._wait_until(place_at, binding)
            self.reason = f"waited for the rate budget of {_budget(binding)}"
        patience = self._patience_seconds()
        seconds = await limits.reserve(binding, has_place=place_at is not None, patience_seconds=patience)
        await self._wait_until(self._execution.context.clock.now() + dt.timedelta(seconds=seconds), binding)

    async def _wait_until(self, place_at: dt.datetime, binding: Binding) -> None:
        """Return when the place has come.

        Raises:
            Awaiting: it takes longer than an execution may wait.
        """
        clock = self._execution.context.clock
        seconds = (place_at - clock.now()).total_seconds()
        if seconds <= 0:
            return
        if seconds > self._patience_seconds():
            raise Awaiting(_reason(binding, place_at), due_at=place_at)
        self.reason = f"waited {seconds:.2g} s for the rate budget of {_budget(binding)}"
        await clock.sleep(seconds)

    def _patience_seconds(self) -> float:
        timeout, longest = self._step.planned.event.timeout, self._execution.context.longest_inline_wait_seconds
        return longest if timeout is None else min(longest, _SHARE_OF_TIMEOUT * timeout)


def _reserved_place(execution: Execution, step: Step, attempt: int) -> dt.datetime | None:
    """Return the place in the budget that an earlier execution took for this attempt."""
    checkpoint = execution.checkpoint(step.key)
    if checkpoint is None or checkpoint.status != "waiting" or _WAITS not in checkpoint.reason:
        return None
    return checkpoint.due_at if checkpoint.attempts == attempt else None


def _reason(binding: Binding, place_at: dt.datetime) -> str:
    return f"{_WAITS} of {_budget(binding)}; its turn is at {place_at.isoformat(timespec='seconds')}"


def _budget(binding: Binding) -> str:
    limit = binding.rate_limit
    allowed = f"{limit.limit} calls in {limit.period:g} s" if limit else "as the API asks"
    return f'app "{binding.access_tag}": {allowed}'
