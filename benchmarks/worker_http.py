"""Measures runs a second of three events (HTTP, JavaScript, HTTP) through workers, every step checkpointed.

    python -m benchmarks.worker_http [--runs 2000] [--repeats 3] [--databases sqlite postgresql] [--memory 50000]

The ratio is to runs that do nothing, in the same installation. `--memory` continues until so many runs have ended, and
says how much memory a worker took after the first 1,000 and at the end.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks import stub_server
from benchmarks.installation import DATABASES, cores, installed, median_of, print_table, workers, working
from benchmarks.worker_drain import drained

_MEMORY_STEP = 1000


def measure(database: str, url: str, arguments: argparse.Namespace) -> list[list[Any]]:
    rows = []
    with installed(database, api_url=url) as installation:
        for processes in arguments.processes:
            with working(installation, processes=processes):
                drained(installation, "order", 200)
                drained(installation, "nothing", 200)
                speed = median_of(arguments.repeats, lambda: drained(installation, "order", arguments.runs))
                nothing = median_of(arguments.repeats, lambda: drained(installation, "nothing", arguments.runs))
                rows.append([database, processes, speed, nothing, f"{speed / nothing:.2f}"])
    return rows


def memory(database: str, url: str, runs: int) -> list[Any]:
    """Return the resident memory of one worker in MB after the first 1,000 runs, and after all."""
    with installed(database, api_url=url) as installation, working(installation, processes=1):
        [worker] = workers(installation)
        after: list[float] = []
        for _ in range(runs // _MEMORY_STEP):
            drained(installation, "order", _MEMORY_STEP)
            after.append(_resident_megabytes(worker))
    return [database, runs, after[0], after[-1], after[-1] - after[0]]


def _resident_megabytes(pid: int) -> float:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


def show_speed(url: str, arguments: argparse.Namespace) -> None:
    rows = [row for database in arguments.databases for row in measure(database, url, arguments)]
    print(f"{arguments.runs:,} runs, median of {arguments.repeats}, {cores()} cores, the stub server among them\n")
    print_table(["database", "processes", "runs/s", "runs/s of nothing", "ratio"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs of three events a second.")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--memory", type=int, default=0)
    arguments = parser.parse_args()
    with stub_server.running() as url:
        if arguments.memory:
            rows = [memory(database, url, arguments.memory) for database in arguments.databases]
            print_table(["database", "runs", "MB after 1,000", "MB at the end", "MB more"], rows)
        else:
            show_speed(url, arguments)


if __name__ == "__main__":
    main()
