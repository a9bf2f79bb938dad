"""Deletes runs that are past their retention, and what else has expired."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.template.defaultfilters import filesizeformat

from integrations import models
from integrations.actors import SYSTEM
from integrations.management.arguments import seconds, whole_number
from integrations.operations import retention

_LONGEST_PAUSE_SECONDS = 3600
_NAMELESS = "(jobs' own runs, deleted features)"


class Command(BaseCommand):
    help = (
        "Delete runs that are past their retention and what else has expired, in transactions too short to delay "
        "other writers."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        days = whole_number(most=models.RetentionRule.MOST_DAYS)
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and delete nothing")
        parser.add_argument("--keep-days", type=days, help="keep runs this many days, in place of every rule")
        pause = seconds(most=_LONGEST_PAUSE_SECONDS)
        parser.add_argument("--pause", type=pause, default=0.0, help="least seconds between two transactions (0)")

    def handle(self, *, dry_run: bool, keep_days: int | None, pause: float, **_options: Any) -> None:
        if dry_run:
            self._show(retention.preview(by=SYSTEM, keep_days=keep_days))
        else:
            self._report(retention.prune(keep_days=keep_days, pause_seconds=pause))

    def _show(self, preview: retention.Preview) -> None:
        for line in preview.lines:
            feature = f"{line.integration}/{line.feature or _NAMELESS}"
            self.stdout.write(f"{line.runs:>8} {line.status:<12} {feature}, oldest {line.oldest:%Y-%m-%d}")
        self.stdout.write(
            f"{preview.runs} runs, about {filesizeformat(preview.size_bytes)}, "
            f"{preview.slots} times of schedules and {preview.cache_entries} expired cache entries would go."
        )

    def _report(self, pruned: retention.Pruned) -> None:
        self.stdout.write(
            f"Deleted {pruned.runs} runs, {_others(pruned)}; "
            f"gave {filesizeformat(pruned.given_back_bytes)} back. Longest transaction: {pruned.longest_ms} ms."
        )
        disk = retention.disk(by=SYSTEM)
        if disk.free_bytes and not disk.shrinks:
            self.stdout.write(
                f"{filesizeformat(disk.free_bytes)} of the file are free for what comes next. This file was made so "
                "that it cannot become smaller; docs/howto/housekeeping.md says how to change that."
            )


def _others(pruned: retention.Pruned) -> str:
    counts = {
        "times of schedules": pruned.slots,
        "releases": pruned.releases,
        "cache entries": pruned.cache_entries,
        "deduplication keys": pruned.start_keys,
        "failure groups": pruned.failure_groups,
        "bulk operations": pruned.bulk_operations,
        "workers": pruned.workers,
    }
    return f"{', '.join(f'{count} {name}' for name, count in counts.items())} and {pruned.sessions} sessions"
