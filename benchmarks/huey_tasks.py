"""Huey's side of worker_drain.py: python -m benchmarks.huey_tasks COUNT queues jobs."""

from __future__ import annotations

import functools
import os
import sqlite3
import sys

from huey import SqliteHuey

from benchmarks import rivals

huey = SqliteHuey(filename=f"{os.environ['RIVAL_FOLDER']}/huey.sqlite3", results=False)


@functools.cache
def _rows(_process: int) -> sqlite3.Connection:
    return rivals.sink()


@huey.task()  # type: ignore[untyped-decorator]  # has no types
def nothing() -> None:
    rivals.leave_a_row(_rows(os.getpid()))


if __name__ == "__main__":
    # Under this module's own name, which is what the consumer knows the task by.
    from benchmarks import huey_tasks

    for _ in range(int(sys.argv[1])):
        huey_tasks.nothing()
