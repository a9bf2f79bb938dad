"""Lists when jobs fire next."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import IntegrationsError
from integrations.management.arguments import whole_number
from integrations.operations import dispatch, integrations, jobs

_MOST_TIMES = 10_000


class Command(BaseCommand):
    help = "List the scheduled jobs with their next times in UTC, those first that fire first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("integration", nargs="?", help="the integration's tag; all of them when left out")
        parser.add_argument(
            "--count", type=whole_number(most=_MOST_TIMES), default=1, help="how many times of each job (1)"
        )

    def handle(self, *, integration: str | None, count: int, **_options: Any) -> None:
        rows = models.Job.objects.filter(schedule__isnull=False).select_related("integration", "environment")
        if integration is not None:
            try:
                rows = rows.for_integration(integrations.fetch(tag=integration, by=SYSTEM))
            except IntegrationsError as error:
                raise CommandError(error.message) from None
        if (state := dispatch.state()).dispatch_paused:
            self.stdout.write(f"Dispatch is paused, so nothing fires: {state.paused_reason or 'no reason given'}")
        # Those that are held, or have come to an end, stand last.
        for job in sorted(rows, key=lambda job: (job.next_at is None, job.next_at or job.created_at, job.tag)):
            self.stdout.write(_line(job, count))


def _line(job: models.Job, count: int) -> str:
    times = ", ".join(f"{time:%Y-%m-%d %H:%M:%S}" for time in jobs.coming(job=job, count=count))
    return f"{times or jobs.standstill(job)}  {job.integration.tag}/{job.tag} in {job.environment}"
