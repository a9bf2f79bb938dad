"""Measures runs a second of three events (HTTP, JavaScript, HTTP) that one process starts and executes itself.

    python -m benchmarks.runs_in_process [--seconds 5] [--repeats 3] [--databases sqlite postgresql]

One after the other, as a command or a page executes them: each run waits for its own commits. The ratio is to calling
the stub server twice with a plain client.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import httpx2

from benchmarks import stub_server
from benchmarks.installation import DATABASES, installed, median_of, print_table
from tests.faults.installation import ROOT, Installation


def per_second(installation: Installation, seconds: float) -> float:
    command = [sys.executable, "-m", "benchmarks.executing", str(seconds)]
    environment = installation.environment
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


def plain_calls(url: str, seconds: float) -> float:
    """Return pairs of calls a second, with one connection."""
    with httpx2.Client() as client:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            client.post(f"{url}/reserve", json={"run": "x"})
            count += 1
    return count / 2 / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs of three events a second, in one process.")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    arguments = parser.parse_args()
    rows = []
    with stub_server.running() as url:
        plain = median_of(arguments.repeats, lambda: plain_calls(url, 1))
        for database in arguments.databases:
            with installed(database, api_url=url) as installation:
                speed = median_of(arguments.repeats, lambda: per_second(installation, arguments.seconds))
            rows.append([database, speed, plain, f"{speed / plain:.3f}"])
    print_table(["database", "runs/s", "two plain calls/s", "ratio"], rows)


if __name__ == "__main__":
    main()
