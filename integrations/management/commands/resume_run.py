"""Goes on with a run that waits, or whose process is gone."""

from __future__ import annotations

import sys
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import IntegrationsError
from integrations.management import timeline
from integrations.operations import runs


class Command(BaseCommand):
    help = "Go on with a waiting run, or with a running one whose process is gone, behind its last checkpoint."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=uuid.UUID, help="the run's id")

    def handle(self, *, run: uuid.UUID, **_options: Any) -> None:
        try:
            row = runs.fetch(run_id=str(run), by=SYSTEM)
            row = runs.resume(run=row, by=SYSTEM, on_step=timeline.printer(self.stdout.write))
        except IntegrationsError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"run {row.pk} {timeline.ending(row)}")
        if row.status != models.Run.Status.SUCCEEDED:
            sys.exit(1)
