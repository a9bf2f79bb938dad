"""Measures schedules: what many of them cost while nothing is due, and how far behind its time a slot fires.

    python -m benchmarks.schedules [--jobs 10000] [--seconds 20] [--slots 100]

Uses a database of its own: SQLite in a temporary file, or DATABASE_URL with `--database-url-as-it-is`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

_AHEAD_SECONDS = 3
_APART_MILLISECONDS = 200


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        if not arguments.database_url_as_it_is:
            os.environ["DATABASE_URL"] = f"sqlite:///{Path(folder) / 'schedules.sqlite3'}"
        _measure(arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the idle worker is watched")
    parser.add_argument("--slots", type=int, default=100, help="how many slots are timed")
    parser.add_argument("--database-url-as-it-is", action="store_true")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from integrations.runtime.execution import event_loop
    from integrations.workers.worker import Worker

    home = _home()
    _make_idle(home, arguments.jobs)
    worker = Worker(concurrency=16)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    time.sleep(2)
    _report_idle(arguments)
    _report_latency(home, arguments.slots)
    worker.stop()
    thread.join(30)
    event_loop.close()


def _home() -> Any:
    from tests.scenes.scheduling import make_home

    return make_home()


def _make_idle(home: Any, count: int) -> None:
    from django.utils import timezone

    from integrations import models

    now = timezone.now()
    environment = home.environments.get()
    models.Job.objects.bulk_create(
        models.Job(
            integration=home,
            tag=f"idle{number}",
            environment=environment,
            target={"event": "tick"},
            schedule={"every": 86_400},
            scheduled_at=now,
            next_at=now + dt.timedelta(days=1, seconds=number),
        )
        for number in range(count)
    )


def _report_idle(arguments: argparse.Namespace) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    time.sleep(arguments.seconds)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{arguments.jobs} schedules, nothing due: {100 * cpu / wall:.2f} % of a core for the whole worker")


def _report_latency(home: Any, slots: int) -> None:
    from django.utils import timezone

    from integrations import models

    start = timezone.now() + dt.timedelta(seconds=_AHEAD_SECONDS)
    environment = home.environments.get()
    times = [start + dt.timedelta(milliseconds=_APART_MILLISECONDS * number) for number in range(slots)]
    models.Job.objects.bulk_create(
        models.Job(
            integration=home,
            tag=f"timed{number}",
            environment=environment,
            target={"event": "tick"},
            schedule={"start_at": time_of.isoformat()},
            scheduled_at=start,
            next_at=time_of,
        )
        for number, time_of in enumerate(times)
    )
    time.sleep(_AHEAD_SECONDS + _APART_MILLISECONDS * slots / 1000 + 3)
    runs: Any = models.Run.objects.filter(nominal_at__isnull=False, started_at__isnull=False)
    fired = sorted((run.created_at - run.nominal_at).total_seconds() * 1000 for run in runs)
    began = sorted((run.started_at - run.nominal_at).total_seconds() * 1000 for run in runs)
    print(f"{len(fired)} of {slots} slots fired")
    for what, values in (("fired", fired), ("run began", began)):
        p95 = values[int(0.95 * (len(values) - 1))]
        median, worst = statistics.median(values), values[-1]
        print(f"{what} after its time: median {median:.0f} ms, p95 {p95:.0f} ms, max {worst:.0f} ms")


if __name__ == "__main__":
    main()
