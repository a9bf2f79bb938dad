"""Shows how a run stands, and follows it while it goes on."""

from __future__ import annotations

import math
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import IntegrationsError
from integrations.management import timeline
from integrations.operations import runs

#: What a shell expects of a command that Ctrl-C has ended.
_INTERRUPTED = 130


class Command(BaseCommand):
    help = "Show a run's steps and how it stands; with --follow until it ends (exits 1 unless it succeeds)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", help="the run's id")
        parser.add_argument("--follow", action="store_true", help="go on until the run has ended")

    def handle(self, *, run: str, follow: bool, **_options: Any) -> None:
        try:
            row = runs.fetch(run_id=run, by=SYSTEM)
            printer = timeline.printer(self.stdout.write)
            if follow:
                row = runs.follow(run=row, on_step=printer, patience_seconds=math.inf)
            else:
                runs.tell(run=row, on_step=printer)
        except IntegrationsError as error:
            raise CommandError(error.message) from None
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)
        self.stdout.write(f"run {row.pk} {timeline.ending(row)}")
        if follow and row.status != models.Run.Status.SUCCEEDED:
            sys.exit(1)
