"""Celery's side of worker_drain.py: python -m benchmarks.celery_tasks COUNT queues jobs."""

from __future__ import annotations

import functools
import os
import sqlite3
import sys

from celery import Celery

from benchmarks import rivals

app = Celery("benchmarks.celery_tasks", broker=os.environ["RIVAL_REDIS"])
app.conf.update(task_acks_late=True, task_ignore_result=True, worker_hijack_root_logger=False)


@functools.cache
def _rows(_process: int) -> sqlite3.Connection:
    return rivals.sink()


@app.task(name="nothing")  # type: ignore[untyped-decorator]  # has no types
def nothing() -> None:
    rivals.leave_a_row(_rows(os.getpid()))


if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        app.send_task("nothing")
