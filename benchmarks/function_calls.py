"""Function calls per second through the pool: `python benchmarks/function_calls.py [seconds per measurement]`.

Prints, for 1, 2 and 4 child processes, the median of several repeats: calls per second from one asyncio process with 16
calls in flight, and the latency of one call at a time; and how long a cold child takes to be ready.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from integrations.connectors.functions.compiler import Compiler
from integrations.connectors.functions.pool import FunctionPool
from integrations.connectors.functions.source import compile_function
from integrations.types import JsonObject

REPEATS = 5
IN_FLIGHT = 16
SOURCE = """
interface Order { items: { price: number; quantity: number }[]; country: string }

const RATES: Record<string, number> = { DE: 0.19, NG: 0.075 };

export default async function total(order: Order) {
  const net = order.items.reduce((sum, item) => sum + item.price * item.quantity, 0);
  return { net, tax: Math.round(net * (RATES[order.country] ?? 0)), currency: "EUR" };
}
"""
ORDER: JsonObject = {"country": "DE", "items": [{"price": 1999, "quantity": n, "name": f"item {n}"} for n in range(20)]}


async def throughput(pool: FunctionPool, javascript: str, seconds: float) -> float:
    """Return calls per second with IN_FLIGHT callers that never pause."""
    end = time.perf_counter() + seconds

    async def caller() -> int:
        calls = 0
        while time.perf_counter() < end:
            await pool.call(javascript, ORDER)
            calls += 1
        return calls

    started = time.perf_counter()
    counts = await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))
    return sum(counts) / (time.perf_counter() - started)


async def latency_ms(pool: FunctionPool, javascript: str, calls: int = 200) -> float:
    """Return the median time of one call at a time."""
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        await pool.call(javascript, ORDER)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def cold_start_ms() -> float:
    pool = FunctionPool(processes=1)
    started = time.perf_counter()
    pool.isolation()
    elapsed = (time.perf_counter() - started) * 1000
    pool.close_sync()
    return elapsed


def compiled() -> str:
    compiler = Compiler()
    javascript = compile_function(SOURCE, "ts", compiler=compiler).javascript
    compiler.close()
    return javascript


def measure(javascript: str, *, processes: int, seconds: float) -> None:
    pool = FunctionPool(processes=processes)
    asyncio.run(throughput(pool, javascript, 0.3))
    # Each measurement has an event loop of its own; the children stay.
    rates = [asyncio.run(throughput(pool, javascript, seconds)) for _ in range(REPEATS)]
    latencies = [asyncio.run(latency_ms(pool, javascript)) for _ in range(REPEATS)]
    pool.close_sync()
    print(
        f"{processes} children: {statistics.median(rates):7,.0f} calls/s "
        f"(from {min(rates):,.0f} to {max(rates):,.0f}), p50 {statistics.median(latencies):.2f} ms"
    )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    print(f"cold child: {statistics.median(cold_start_ms() for _ in range(REPEATS)):.0f} ms")
    javascript = compiled()
    for processes in (1, 2, 4):
        measure(javascript, processes=processes, seconds=seconds)


if __name__ == "__main__":
    main()
