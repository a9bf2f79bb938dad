"""Starts runs one by one: python -m benchmarks.starting COUNT prints id, when it was answered, seconds it took."""

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

#: Apart enough for the system to be idle again, and in no step with anything that looks at intervals.
_APART_SECONDS = 0.0537


def start(count: int) -> None:
    feature = models.Feature.objects.select_related("integration").get(tag="nothing", integration__tag="faults")
    environments = models.Environment.objects.select_related("integration")
    environment = environments.get(slug="dev", integration=feature.integration)
    for _ in range(count):
        time.sleep(_APART_SECONDS)
        began = time.time()
        run = runs.start(
            feature=feature, environment=environment, input={}, by=SYSTEM, trigger=models.Run.Trigger.COMMAND
        )
        answered = time.time()
        print(run.pk, answered, answered - began)


if __name__ == "__main__":
    start(int(sys.argv[1]))
