"""Starts runs and writes down each that was acknowledged: python -m tests.faults.poster FILE FEATURE COUNT [INPUT].

FILE holds one run id a line, and says how many are left to start. "number" in the input counts along.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings")
django.setup()

from django.db import DatabaseError  # noqa: E402  models can be imported only now

from integrations import models  # noqa: E402
from integrations.actors import SYSTEM  # noqa: E402
from integrations.errors import Busy  # noqa: E402
from integrations.operations import runs  # noqa: E402
from integrations.types import JsonObject  # noqa: E402
from tests.faults.accepted import accepted  # noqa: E402


def post(file: Path, feature: str, count: int, input: JsonObject) -> None:
    row = models.Feature.objects.select_related("integration").get(tag=feature)
    environment = row.integration.environments.get(slug="dev")
    with file.open("a") as answered:
        for number in range(len(accepted(file)), count):
            values = {**input, "number": number} if "number" in input else input
            run = runs.start(
                feature=row, environment=environment, input=values, by=SYSTEM, trigger=models.Run.Trigger.COMMAND
            )
            answered.write(f"{run.pk}\n")
            answered.flush()


if __name__ == "__main__":
    path, tag, count, *given = sys.argv[1:]
    try:
        post(Path(path), tag, int(count), json.loads(given[0]) if given else {})
    except (Busy, DatabaseError) as error:
        sys.exit(f"refused: {error}")
