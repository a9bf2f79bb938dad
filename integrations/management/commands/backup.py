"""Backs the database up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from integrations.errors import OperationRefused
from integrations.operations import backups


class Command(BaseCommand):
    help = "Write the database to a new file, while everything goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file to write, which must not exist yet")

    def handle(self, *, file: Path, **_options: Any) -> None:
        try:
            size = backups.backup(file)
        except OperationRefused as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"Wrote {file} ({filesizeformat(size)}): the database, and no keys. Keep DUCTAPE_ENCRYPTION_KEYS "
            "and SECRET_KEY elsewhere; without them no secret in this file can be read."
        )
