"""Runs a job from the shell and prints its steps while it runs."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import models, strict_json
from integrations.actors import SYSTEM
from integrations.errors import IntegrationsError
from integrations.management import timeline
from integrations.operations import integrations, jobs
from integrations.types import Json


class Command(BaseCommand):
    help = "Run a job now, beside its schedule, and print its steps; exits 1 when the run does not succeed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("integration", help="the integration's tag")
        parser.add_argument("job", help="the job's tag")
        parser.add_argument("--env", help="the environment's slug, in place of the job's own")
        parser.add_argument(
            "--input", help="the input as JSON, or - to read it from standard input; else the job's own"
        )

    def handle(self, *, integration: str, job: str, env: str | None, input: str | None, **_options: Any) -> None:
        try:
            run = self._run(integration, job, env=env, input=_read(input))
        except IntegrationsError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"run {run.pk} {timeline.ending(run)}")
        if run.status != models.Run.Status.SUCCEEDED:
            sys.exit(1)

    def _run(self, integration: str, tag: str, *, env: str | None, input: Json) -> models.Run:
        row = jobs.fetch(integration=integrations.fetch(tag=integration, by=SYSTEM), tag=tag, by=SYSTEM)
        if not isinstance(input, dict | None):
            raise CommandError("the input should be an object")
        run = jobs.run(job=row, env=env, input=input, by=SYSTEM, trigger=models.Run.Trigger.COMMAND)
        return jobs.execute(run, on_step=timeline.printer(self.stdout.write))


def _read(input: str | None) -> Json:
    if input is None:
        return None
    return strict_json.loads(sys.stdin.read() if input == "-" else input)
