"""Runs a feature from the shell and prints its steps while it runs."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import models, strict_json
from integrations.actors import SYSTEM
from integrations.errors import IntegrationsError
from integrations.management import timeline
from integrations.operations import runs


class Command(BaseCommand):
    help = "Run a feature's published version and print its steps; exits 1 when the run does not succeed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("integration", help="the integration's tag")
        parser.add_argument("feature", help="the feature's tag")
        parser.add_argument("--env", required=True, help="the environment's slug")
        parser.add_argument("--input", default="{}", help="the input as JSON, or - to read it from standard input")

    def handle(self, *, integration: str, feature: str, env: str, input: str, **_options: Any) -> None:
        try:
            run = runs.run_feature(
                integration=integration,
                environment=env,
                feature=feature,
                input=strict_json.loads(sys.stdin.read() if input == "-" else input),
                by=SYSTEM,
                trigger=models.Run.Trigger.COMMAND,
                on_step=timeline.printer(self.stdout.write),
            )
        except IntegrationsError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"run {run.pk} {timeline.ending(run)}")
        if run.status != models.Run.Status.SUCCEEDED:
            sys.exit(1)
