"""Measures how many runs that do nothing workers drain a second from a full queue, beside other task queues.

    python -m benchmarks.worker_drain [--runs 5000] [--repeats 3] [--databases sqlite postgresql] [--finished 1000000]
        [--feature nothing_stored] [--no-rivals]

The feature `nothing` stores one step for each run (a function that its condition skips); `nothing_stored` only the
run's result. SQLite is synchronous=FULL. `--finished` measures once more beside so many runs that have ended.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from typing import Any

from benchmarks import rivals
from benchmarks.installation import (
    DATABASES,
    cores,
    fill,
    installed,
    median_of,
    print_table,
    wait_until_drained,
    working,
)
from tests.faults.installation import Installation


def drained(installation: Installation, feature: str, count: int) -> float:
    """Return runs a second, from the first one's start to the last one's end."""
    since = time.time()
    fill(installation, feature, count)
    wait_until_drained(installation)
    moment = dt.datetime.fromtimestamp(since, tz=dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    [(began, ended, number)] = installation.rows(
        "SELECT min(started_at), max(finished_at), count(*) FROM integrations_run"
        f" WHERE created_at > '{moment}' AND status = 'succeeded'"
    )
    assert number == count, f"{number} of {count} have succeeded"
    return float(count / (_moment(ended) - _moment(began)).total_seconds())


def _moment(value: Any) -> dt.datetime:
    return value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)


def measure(database: str, arguments: argparse.Namespace) -> list[list[Any]]:
    rows: list[list[Any]] = []
    with installed(database) as installation:
        for finished in [0, *([arguments.finished] if arguments.finished else [])]:
            if finished:
                fill(installation, arguments.feature, 0, finished=finished)
            for processes in arguments.processes:
                with working(installation, processes=processes):
                    drained(installation, arguments.feature, 500)  # imports, caches, connections
                    speed = median_of(
                        arguments.repeats, lambda: drained(installation, arguments.feature, arguments.runs)
                    )
                rows.append([f"run_worker, {database}", processes, f"{finished:,}", speed])
    return rows


def measure_rival(rival: rivals.Rival, arguments: argparse.Namespace) -> list[list[Any]]:
    def drain(processes: int) -> float:
        return median_of(arguments.repeats, lambda: rival.drained(arguments.runs, processes))

    return [[rival.name, processes, "", drain(processes)] for processes in arguments.processes]


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs drained a second.")
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--feature", default="nothing")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--finished", type=int, default=0)
    parser.add_argument("--no-rivals", action="store_true")
    arguments = parser.parse_args()
    rows = [row for database in arguments.databases for row in measure(database, arguments)]
    if not arguments.no_rivals:
        rows += [row for rival in rivals.installed() for row in measure_rival(rival, arguments)]
    best = {processes: max((row[3] for row in rows if _is_rival(row, processes)), default=0) for processes in (1, 2)}
    print(f"{arguments.runs:,} runs of `{arguments.feature}`, median of {arguments.repeats}, {cores()} cores\n")
    heads = ["queue", "processes", "finished before", "runs/s", "× the fastest other"]
    print_table(heads, [[*row, f"{row[3] / best[row[1]]:.2f}" if best.get(row[1]) else ""] for row in rows])


def _is_rival(row: list[Any], processes: int) -> bool:
    return row[1] == processes and not row[0].startswith("run_worker")


if __name__ == "__main__":
    main()
