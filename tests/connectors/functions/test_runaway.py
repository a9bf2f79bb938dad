"""A function that does not end by itself ends soon after its limit, however busy the machine is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from integrations.connectors.base import LogLine
from integrations.connectors.functions.limits import Limits
from integrations.connectors.functions.pool import FunctionPool
from integrations.errors import SandboxError

SECONDS = 0.2
#: What the project promises (docs).
LATEST = 0.5

RUNAWAYS = {
    "loop": "for (;;) {}",
    "loop that catches": "for (;;) { try { for (;;) {} } catch {} finally {} }",
    "loop of awaits": "for (;;) await null",
    "native sort": "const a = Array.from({ length: 3e5 }, (_, i) => String((i * 7919) % 3e5)); for (;;) a.toSorted()",
    "native join": "const a = []; a.length = 4294967295; return a.join().length",
    "native search": "const a = new Uint8Array(3e7); for (;;) a.indexOf(7)",
    "regular expression": "return /^(a+)+$/.test('a'.repeat(50) + 'b')",
    "memory that comes and goes": "for (;;) Array.from({ length: 1e5 }, (i) => ({ i }))",
    "flood of logs": "for (;;) console.log('x'.repeat(1000))",
    "result without an end": "return { get a() { for (;;) {} } }",
}


@pytest.fixture(scope="module")
def busy_machine() -> Iterator[None]:
    loop = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
    count = 2 * (os.cpu_count() or 1)
    others = [subprocess.Popen([sys.executable, "-I", "-S", "-c", loop]) for _ in range(count)]
    yield
    for process in others:
        process.kill()
        process.wait()


@pytest.mark.usefixtures("busy_machine")
@pytest.mark.parametrize("body", RUNAWAYS.values(), ids=RUNAWAYS.keys())
def test_runaway_function_ends_soon_after_its_limit_on_a_busy_machine(pool: FunctionPool, body: str) -> None:
    pool.isolation()
    started = time.monotonic()

    with pytest.raises(SandboxError) as caught:
        pool.call_sync(f"(async()=>{{{body}\n}})", None, limits=Limits(time_seconds=SECONDS))

    assert time.monotonic() - started < SECONDS + LATEST
    assert caught.value.code == "timeout"
    assert "0.2 s" in caught.value.message


@pytest.mark.usefixtures("busy_machine")
def test_what_a_runaway_function_logged_is_kept_on_a_busy_machine(pool: FunctionPool) -> None:
    body = f"console.log('before'); {RUNAWAYS['native search']}"

    with pytest.raises(SandboxError) as caught:
        pool.call_sync(f"(async()=>{{{body}\n}})", None, limits=Limits(time_seconds=SECONDS))

    assert caught.value.logs == (LogLine("log", "before"),)
