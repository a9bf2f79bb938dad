"""Does with jobs what an operator does, in the database of this process: python -m tests.faults.operate_jobs WISH JSON.

`put` creates jobs from a list of definitions, the others take a list of tags: `run`, `pause`, `resume`, and `make_due`,
which nobody can wish for: the last time of a schedule, as if nobody had fired it yet.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings")
django.setup()

from django.utils import timezone  # noqa: E402  models can be imported only now

from integrations import models  # noqa: E402
from integrations.actors import SYSTEM  # noqa: E402
from integrations.operations import jobs  # noqa: E402
from tests.scenes import scene  # noqa: E402


def put(definitions: list[dict[str, Any]]) -> None:
    integration = models.Integration.objects.get(name="Faults")
    for definition in definitions:
        scene.put(integration, "jobs", **{"env": "dev", **definition})


def run(tags: list[str]) -> None:
    for job in _tagged(tags):
        jobs.run(job=job, by=SYSTEM, trigger=models.Run.Trigger.ADMIN)


def pause(tags: list[str]) -> None:
    jobs.pause(jobs=_tagged(tags), by=SYSTEM)


def resume(tags: list[str]) -> None:
    jobs.resume(jobs=_tagged(tags), by=SYSTEM)


def make_due(tags: list[str]) -> None:
    now = timezone.now()
    for job in _tagged(tags):
        timetable = job.timetable()
        assert timetable is not None
        [last] = timetable.last(1, after=now - dt.timedelta(days=1), until=now)
        models.Job.objects.filter(pk=job.pk).update(next_at=last)


def _tagged(tags: list[str]) -> list[models.Job]:
    return list(models.Job.objects.filter(tag__in=tags).select_related("integration", "environment"))


WISHES: dict[str, Callable[[Any], None]] = {
    function.__name__: function for function in (put, run, pause, resume, make_due)
}

if __name__ == "__main__":
    WISHES[sys.argv[1]](json.loads(sys.argv[2]))
