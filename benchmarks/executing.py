"""Starts and executes runs of three events in this process: python -m benchmarks.executing SECONDS prints runs/s."""

from __future__ import annotations

import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings")
django.setup()

from integrations import models  # noqa: E402  models can be imported only now
from integrations.actors import SYSTEM  # noqa: E402
from integrations.operations import runs  # noqa: E402


def run() -> None:
    done = runs.run_feature(
        integration="faults",
        environment="dev",
        feature="order",
        input={"number": 1},
        by=SYSTEM,
        trigger=models.Run.Trigger.COMMAND,
    )
    assert done.status == "succeeded", done.error_message


def per_second(seconds: float) -> float:
    run()  # imports, caches, connections
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        run()
        count += 1
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    print(per_second(float(sys.argv[1])))
