"""Installations to measure: an SQLite file or a PostgreSQL server of one's own, with the fault tests' scene."""

from __future__ import annotations

import contextlib
import logging
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tests.settings  # noqa: F401  sets the environment that every process of an installation needs
from tests.faults import postgresql
from tests.faults.installation import Installation, wait_for

DATABASES = ("sqlite", "postgresql")
logging.disable(logging.INFO)  # what clients say about each call

#: As in production; fault tests have shorter leases and one process for functions.
_ENVIRONMENT = {"DUCTAPE_LEASE_SECONDS": "20", "DUCTAPE_FUNCTION_PROCESSES": "2", "DUCTAPE_LOG_LEVEL": "WARNING"}


@contextlib.contextmanager
def installed(database: str, *, api_url: str = "http://127.0.0.1:9") -> Iterator[Installation]:
    """Yield a new installation whose features call `api_url`."""
    with tempfile.TemporaryDirectory(prefix="ductape-benchmark-") as folder, contextlib.ExitStack() as stack:
        if database == "postgresql":
            url = stack.enter_context(postgresql.running()).url
        else:
            url = f"sqlite:///{folder}/benchmark.sqlite3"
        installation = stack.enter_context(contextlib.closing(Installation(Path(folder), url, **_ENVIRONMENT)))
        installation.make_scene(api_url)
        yield installation


@contextlib.contextmanager
def working(installation: Installation, *, processes: int, concurrency: int = 100) -> Iterator[None]:
    """Keep this many worker processes running while the block runs, which begins once all of them are alive."""
    worker = installation.worker("--processes", str(processes), "--concurrency", str(concurrency))
    wait_for(lambda: len(workers(installation)) == processes, seconds=60, what=installation.log.read_text)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=60)


def workers(installation: Installation) -> list[int]:
    """Return the processes that report themselves as workers."""
    return [pid for (pid,) in installation.rows("SELECT pid FROM integrations_worker ORDER BY pid")]


def fill(installation: Installation, feature: str, count: int, *, finished: int = 0) -> None:
    """Queue runs of a feature, all with one commit; `finished` adds runs that have ended instead."""
    kind = ["--finished"] if finished else []
    process = installation.start(sys.executable, "-m", "benchmarks.filling", feature, str(finished or count), *kind)
    if process.wait() != 0:
        sys.exit(installation.log.read_text()[-3000:])


def wait_until_drained(installation: Installation, *, seconds: float = 600) -> None:
    """Return once nothing is queued or running: one look at two small partial indexes, 20 times a second."""
    queued = "finished_at IS NULL AND lease_until IS NULL"
    sql = f"SELECT EXISTS (SELECT 1 FROM integrations_run WHERE {queued})"
    leased = "SELECT EXISTS (SELECT 1 FROM integrations_run WHERE lease_until IS NOT NULL)"
    with installation.connection() as connection:

        def is_drained() -> bool:
            return not any(bool(connection.execute(each).fetchone()[0]) for each in (sql, leased))

        wait_for(is_drained, seconds=seconds, what="the queue is not drained")


def median_of(repeats: int, measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(repeats))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    texts = [[f"{cell:,.1f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *texts, strict=True)]
    for row in (list(heads), ["-" * width for width in widths], *texts):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def cores() -> int:
    return len(os.sched_getaffinity(0))
