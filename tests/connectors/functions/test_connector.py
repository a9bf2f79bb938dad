from __future__ import annotations

import asyncio
import time

import pytest

from integrations.connectors import base
from integrations.connectors.functions.connector import FunctionConnector
from integrations.connectors.functions.pool import FunctionPool
from integrations.connectors.functions.source import compile_function
from integrations.errors import SandboxError


def test_connector_runs_a_compiled_function(pool: FunctionPool) -> None:
    connector: base.FunctionConnector = FunctionConnector(pool)
    compiled = compile_function("export default ({ a }: { a: number }) => ({ twice: a * 2 })", "ts")

    result = asyncio.run(connector.call(compiled.javascript, {"a": 4}))

    assert result.value == {"twice": 8}
    assert result.duration_ms > 0


def test_connector_timeout_shortens_the_pools_own(pool: FunctionPool) -> None:
    started = time.monotonic()

    with pytest.raises(SandboxError) as caught:
        asyncio.run(FunctionConnector(pool).call("(async()=>{for(;;){}}\n)", {}, timeout_seconds=0.1))

    assert caught.value.code == "timeout"
    assert "0.1 s" in caught.value.message
    assert time.monotonic() - started < pool.limits.time_seconds
