"""Goes back to a backup of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.errors import OperationRefused
from integrations.operations import backups


class Command(BaseCommand):
    help = "Put a backup in the place of the database; dispatch stays paused until somebody confirms."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a file that `manage.py backup` wrote")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--force", action="store_true", help="also while workers are executing runs")

    def handle(self, *, file: Path, yes: bool, force: bool, **_options: Any) -> None:
        if not yes and not _is_confirmed():
            raise CommandError("nothing was changed; answer y, or give --yes")
        try:
            backups.restore(file, force=force)
        except OperationRefused as error:
            raise CommandError(f"{error.message}; nothing was changed") from error
        self.stdout.write(
            "Restored. Now run `manage.py migrate`, restart every process, and look at the queued runs and jobs. "
            "Dispatch is paused: nothing runs until you confirm, in the admin or by `manage.py resume_dispatch`."
        )


def _is_confirmed() -> bool:
    try:
        return input("This replaces everything in the database. Continue? [y/N] ").strip().lower() == "y"
    except EOFError:
        return False  # started by no terminal
