"""Measures Celery mode beside `run_worker`: runs that do nothing drained a second, and how soon one is picked up.

    python -m benchmarks.celery_mode [--runs 1000] [--databases sqlite postgresql] [--processes 1 2]

Starts RabbitMQ and Redis of its own. The queue is full before the workers start; the speed goes from the first run's
start to the last one's end. Pick-up is from when a run is stored to its start, for runs that one process starts one
after the other (not its first, which opens the connections).
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.installation import DATABASES, cores, installed, print_table, wait_until_drained
from tests.celery.brokers import BROKERS, Broker
from tests.faults.installation import Installation

_PICK_UPS = 50


def measure(database: str, broker: Broker | None, *, processes: int, count: int) -> list[Any]:
    with installed(database) as installation:
        if broker is not None:
            installation.environment |= {"DUCTAPE_DISPATCH": "celery", "CELERY_BROKER_URL": broker.url}
        installation.post("nothing", count)
        with _working(installation, broker, processes) as workers:
            wait_until_drained(installation)
            speed = count / _seconds(installation, "max(finished_at)", "min(started_at)")[0]
            cpu = sum(map(_cpu_seconds, workers)) / count * 1000
            installation.post("nothing", 1 + _PICK_UPS)
            wait_until_drained(installation)
        waits = _seconds(installation, "started_at", "created_at", f"ORDER BY id DESC LIMIT {_PICK_UPS}")
    name = "run_worker" if broker is None else f"Celery, {broker.name}"
    return [
        name,
        database,
        processes,
        speed,
        cpu,
        statistics.median(waits) * 1000,
        statistics.quantiles(waits, n=20)[-1] * 1000,
    ]


@contextlib.contextmanager
def _working(
    installation: Installation, broker: Broker | None, processes: int
) -> Iterator[list[subprocess.Popen[bytes]]]:
    celery = [sys.executable, "-m", "celery", "-A", "ductape_site", "worker"]
    workers = [
        installation.worker() if broker is None else installation.start(*celery, "-n", f"worker{number}@%h")
        for number in range(processes)
    ]
    yield workers
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.wait(timeout=60)


def _seconds(installation: Installation, late: str, early: str, rest: str = "") -> list[float]:
    rows = installation.rows(f"SELECT {late}, {early} FROM integrations_run {rest}")
    return [(_moment(end) - _moment(start)).total_seconds() for end, start in rows]


def _moment(value: Any) -> dt.datetime:
    return value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)


def _cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@contextlib.contextmanager
def _brokers() -> Iterator[list[Broker]]:
    """Yield what is installed of them, running."""
    with contextlib.ExitStack() as stack:
        brokers = [kind(Path(stack.enter_context(tempfile.TemporaryDirectory()))) for kind in BROKERS if kind.program()]
        for broker in brokers:
            broker.start()
            stack.callback(broker.stop)
        yield brokers


def main() -> None:
    parser = argparse.ArgumentParser(description="Celery mode beside run_worker.")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2])
    arguments = parser.parse_args()
    with _brokers() as brokers:
        rows = [
            measure(database, broker, processes=processes, count=arguments.runs)
            for database in arguments.databases
            for broker in (None, *brokers)
            for processes in arguments.processes
        ]
    print(f"{arguments.runs:,} runs of `nothing`, {cores()} cores\n")
    heads = ["workers", "database", "processes", "runs/s", "CPU ms a run", "pick-up p50 ms", "p95 ms"]
    print_table(heads, rows)


if __name__ == "__main__":
    main()
