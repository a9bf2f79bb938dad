"""Measures how long a writer waits while old runs are pruned beside it.

    DATABASE_URL=sqlite:////tmp/prune.sqlite3 python -m benchmarks.prune --runs 200000

The database must be new. A second process writes as workers do: it starts a run and ends it in one transaction each,
and notes how long each commit took; first alone, then while the pruning runs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from multiprocessing.synchronize import Event
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings")

STEPS = 3
_BATCH = 2_000
#: How long the writer is measured alone.
_ALONE_SECONDS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--slots", type=int, default=200_000)
    parser.add_argument("--writers", type=int, default=1)
    arguments = parser.parse_args()
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    template = _template()
    began = time.monotonic()
    _fill(template, arguments.runs)
    _fill_ledger(arguments.slots)
    filled = f"{arguments.runs} runs with {STEPS} steps each and {arguments.slots} slots"
    print(f"filled {filled} in {time.monotonic() - began:.0f} s; {_size()}")
    alone = _writing(arguments.writers, template.pk, lambda: time.sleep(_ALONE_SECONDS))
    print(f"load {os.getloadavg()[0]:.1f}; writer alone: {_summary(alone)}")
    beside = _writing(arguments.writers, template.pk, _prune)
    print(f"load {os.getloadavg()[0]:.1f}; writer while pruning: {_summary(beside)}")
    print(f"afterwards {_size()}")


def _template() -> Any:
    from tests.factories.run import RunFactory

    return RunFactory.create(succeeded=True)


def _fill(template: Any, count: int) -> None:
    import datetime as dt

    from django.db import transaction

    from integrations.models import Run, RunLog, Step
    from integrations.models.identifiers import uuid7

    first = dt.datetime.now(dt.UTC) - dt.timedelta(days=400)
    for start in range(0, count, _BATCH):
        runs = []
        for number in range(start, min(start + _BATCH, count)):
            at = first + dt.timedelta(seconds=100 * number)
            runs.append(
                _copy(template, id=uuid7(), created_at=at, started_at=at, finished_at=at, output={"text": "x" * 500})
            )
        steps = [
            Step(
                run=run,
                position=position,
                sequence="fetch",
                event=f"event_{position}",
                type="action",
                target="get_order",
                status="succeeded",
                input={"params": {"id": "7"}},
                output={"text": "y" * 500},
                started_at=run.started_at,
                finished_at=run.finished_at,
            )
            for run in runs
            for position in range(STEPS)
        ]
        with transaction.atomic():
            Run.objects.bulk_create(runs)
            Step.objects.bulk_create(steps)
            RunLog.objects.bulk_create([RunLog(run=run, level="info", text="z" * 100) for run in runs])


def _fill_ledger(count: int) -> None:
    """Write the ledger of a job that fires each second, all of it past its retention."""
    import datetime as dt

    from integrations.models import Slot
    from tests.factories.kinds import JobFactory

    job, first = JobFactory.create(), dt.datetime.now(dt.UTC) - dt.timedelta(days=400)
    for start in range(0, count, _BATCH):
        times = (first + dt.timedelta(seconds=number) for number in range(start, min(start + _BATCH, count)))
        Slot.objects.bulk_create(Slot(job=job, nominal_at=time, recorded_at=time, status="started") for time in times)


def _copy(template: Any, **columns: Any) -> Any:
    from integrations.models import Run

    names = ("integration_id", "environment_id", "feature_id", "feature_version_id", "release_id", "status", "trigger")
    return Run(**{name: getattr(template, name) for name in names}, **columns)


def _prune() -> None:
    from integrations.operations import retention

    began = time.monotonic()
    pruned = retention.prune(keep_days=1)
    seconds = time.monotonic() - began
    print(
        f"pruned {pruned.runs} runs and {pruned.slots} slots in {seconds:.0f} s ({pruned.runs / seconds:.0f} runs/s), "
        f"longest transaction {pruned.longest_ms} ms, gave {pruned.given_back_bytes / 1e6:.0f} MB back"
    )


def _writing(writers: int, template_id: Any, work: Any) -> list[float]:
    """Return how long each commit of the writers took while `work` was done, in seconds."""
    context = multiprocessing.get_context("spawn")
    stop, waits = context.Event(), context.Queue()
    children = [context.Process(target=_write, args=(template_id, stop, waits)) for _ in range(writers)]
    for child in children:
        child.start()
    try:
        work()
    finally:
        stop.set()
    found = [wait for _ in children for wait in waits.get()]
    for child in children:
        child.join()
    return found


def _write(template_id: Any, stop: Event, waits: Any) -> None:
    django.setup()
    from django.db import transaction
    from django.utils import timezone

    from integrations.models import Run

    template = Run.objects.get(pk=template_id)
    found = []
    while not stop.is_set():
        began = time.monotonic()
        with transaction.atomic():
            now = timezone.now()
            _copy(template, created_at=now, started_at=now, finished_at=now).save(force_insert=True)
        found.append(time.monotonic() - began)
        time.sleep(0.002)
    waits.put(found)


def _summary(waits: list[float]) -> str:
    ordered = sorted(wait * 1000 for wait in waits)
    quantiles = {name: ordered[int(len(ordered) * share)] for name, share in (("p95", 0.95), ("p99", 0.99))}
    said = ", ".join(f"{name} {value:.1f}" for name, value in quantiles.items())
    return f"{len(ordered)} commits, median {statistics.median(ordered):.1f}, {said}, longest {ordered[-1]:.1f} ms"


def _size() -> str:
    from integrations.actors import SYSTEM
    from integrations.operations import retention

    disk = retention.disk(by=SYSTEM)
    return f"database {disk.size_bytes / 1e6:.0f} MB, of which {disk.free_bytes / 1e6:.0f} MB free"


if __name__ == "__main__":
    main()
