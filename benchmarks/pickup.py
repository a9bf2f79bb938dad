"""Measures how soon an idle worker claims a run, and how soon the run has ended.

    python -m benchmarks.pickup [--runs 100] [--databases sqlite postgresql]

Runs are started one after the other, a little apart, in a process of their own. The ratio is to how long `start`
itself takes there, which is a durable commit.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.installation import DATABASES, installed, print_table, working
from tests.faults.installation import ROOT, as_uuid


def measure(database: str, runs: int) -> list[Any]:
    with installed(database) as installation, working(installation, processes=1):
        command = [sys.executable, "-m", "benchmarks.starting", str(runs)]
        done = subprocess.run(
            command, cwd=ROOT, env=installation.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        answered = {
            as_uuid(key): (float(at), float(took)) for key, at, took in map(str.split, done.stdout.splitlines())
        }
        rows = installation.rows("SELECT id, started_at, finished_at FROM integrations_run")
    moments = {as_uuid(key): (_timestamp(started), _timestamp(finished)) for key, started, finished in rows}
    taken_up = [1000 * (moments[key][0] - at) for key, (at, _) in answered.items()]
    ended = [1000 * (moments[key][1] - at) for key, (at, _) in answered.items()]
    starting = statistics.median(1000 * took for _, took in answered.values())
    ratio = statistics.median(taken_up) / starting
    return [database, *_both(taken_up), *_both(ended), starting, f"{ratio:.2f}"]


def _both(values: list[float]) -> tuple[float, float]:
    """Return the median, and what 95 of 100 stay below."""
    return statistics.median(values), statistics.quantiles(values, n=20)[-1]


def _timestamp(value: Any) -> float:
    moment = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC)
    return moment.timestamp()


def main() -> None:
    parser = argparse.ArgumentParser(description="Pick-up of single runs.")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    arguments = parser.parse_args()
    print("Milliseconds from the answer of `start` until the run was taken up, and until it had succeeded\n")
    heads = ["database", "taken up p50", "p95", "succeeded p50", "p95", "start itself p50", "taken up / start"]
    print_table(heads, [measure(database, arguments.runs) for database in arguments.databases])


if __name__ == "__main__":
    main()
