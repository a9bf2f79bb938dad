"""What the engine calls to run a function."""

from __future__ import annotations

from dataclasses import replace

from integrations.connectors.base import FunctionResult
from integrations.connectors.functions.pool import FunctionPool
from integrations.connectors.functions.shared import shared_pool
from integrations.types import Json


class FunctionConnector:
    """Fulfils `connectors.base.FunctionConnector` with a pool, by default this process's own."""

    def __init__(self, pool: FunctionPool | None = None) -> None:
        self._pool = pool

    async def call(self, javascript: str, value: Json, *, timeout_seconds: float | None = None) -> FunctionResult:
        """Run a compiled function (`CompiledFunction.javascript`) on `value`.

        `timeout_seconds` may shorten the pool's own limit, not lengthen it.

        Raises:
            SandboxError: it threw, ran out of time, memory or output, or functions are off.
            InvalidInput: `value` is not JSON.
        """
        pool = self._pool or shared_pool()
        limits = pool.limits
        if timeout_seconds is not None:
            limits = replace(limits, time_seconds=max(0.001, min(timeout_seconds, limits.time_seconds)))
        return await pool.call(javascript, value, limits=limits)
