"""Retries, cancels or replays all runs that a filter means."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import IntegrationsError
from integrations.management.timeline import printable
from integrations.operations import bulk, integrations, replays, workers
from integrations.types import JsonObject

_FILTERS = ("status", "feature", "env", "job", "error_code", "since", "until")
_OPTIONS = ("version", "start", "writes")


class Command(BaseCommand):
    help = (
        "Retry, cancel or replay all runs that a filter means; with --follow until all is done (exits 1 if it is not)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=bulk.Kind.values, help="what to do to each of them")
        parser.add_argument("integration", help="the integration's tag")
        parser.add_argument("--status", action="append", help="only those of this status; may be said several times")
        parser.add_argument("--feature", help="only runs of this feature")
        parser.add_argument("--env", help="only those in this environment")
        parser.add_argument("--job", help="only those of this job")
        parser.add_argument("--error-code", help="only those that failed with this code")
        parser.add_argument(
            "--since", help="only those asked for from then on: ISO 8601, in UTC unless it names a zone"
        )
        parser.add_argument("--until", help="only those asked for before then")
        parser.add_argument("--reason", default="", help="kept with each run and in the audit log")
        parser.add_argument(
            "--on-version", dest="version", choices=("original", "latest"), help="of a replay; the original if left out"
        )
        parser.add_argument("--start", help=f"of a replay: {replays.BEGINNING} or {replays.FAILURE}")
        parser.add_argument(
            "--writes",
            choices=("again", "take_over"),
            help="of a replay: what has been written is written again, unless it says otherwise or cannot be undone",
        )
        parser.add_argument("--dry-run", action="store_true", help="say how many they are, and do nothing")
        parser.add_argument("--follow", action="store_true", help="go on until it is over, and do it if no worker does")

    def handle(self, *, kind: str, dry_run: bool, follow: bool, reason: str, **options: Any) -> None:
        try:
            row = integrations.fetch(tag=options["integration"], by=SYSTEM)
            wanted = _said(options, _FILTERS)
            wish: dict[str, Any] = {"kind": bulk.Kind(kind), "integration": row, "filter": wanted, "by": SYSTEM}
            if dry_run:
                self._count(kind, *bulk.count_matching(**wish))
                return
            operation = bulk.start_matching(**wish, reason=reason, **_replay_options(kind, options))
        except IntegrationsError as error:
            raise CommandError(error.message) from None
        self._tell(operation)
        if bulk.is_on_hold(kind):
            self.stdout.write("Dispatch is paused: nothing happens until it is resumed.")
        if follow:
            self._follow(operation)
        elif not workers.is_worker_there():
            self.stdout.write("No worker is alive: nothing happens until one is started.")

    def _count(self, kind: str, matching: int, fitting: int) -> None:
        self.stdout.write(f"{matching} runs match, and {fitting} of them are in a state to {kind}.")

    def _tell(self, operation: models.BulkOperation) -> None:
        self.stdout.write(f"bulk operation {operation.pk}: {operation.kind} {operation.total} runs")

    def _follow(self, operation: models.BulkOperation) -> None:
        bulk.follow(operation, on_progress=self._print_progress)
        for message, count in bulk.refusals(operation):
            self.stdout.write(f"  {count} not done: {printable(message)}")
        message = f": {printable(operation.message)}" if operation.message else ""
        self.stdout.write(f"{operation.get_status_display().lower()}{message}")
        if operation.done < operation.total:
            sys.exit(1)

    def _print_progress(self, operation: models.BulkOperation) -> None:
        failed = f", {operation.failed} not done" if operation.failed else ""
        self.stdout.write(f"  {operation.done} of {operation.total} done{failed}")


def _replay_options(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    said = _said(options, _OPTIONS)
    if said and kind != bulk.Kind.REPLAY:
        raise CommandError("--on-version, --start and --writes are choices of a replay")
    return said


def _said(options: dict[str, Any], names: tuple[str, ...]) -> JsonObject:
    return {name: options[name] for name in names if options[name] is not None}
