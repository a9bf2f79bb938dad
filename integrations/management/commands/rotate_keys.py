"""Seals stored secrets anew with the first key of DUCTAPE_ENCRYPTION_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.models import key_rotation


class Command(BaseCommand):
    help = "Seal stored secrets anew with the first of the encryption keys, so that the others can be removed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say how many secrets each key has sealed")
        parser.add_argument("--batch-size", type=int, default=500, help="rows a transaction (default: 500)")

    def handle(self, *, check: bool, batch_size: int, **options: Any) -> None:
        if batch_size < 1:
            raise CommandError("--batch-size is at least 1")
        if check:
            self._report()
        else:
            self._rotate(batch_size)

    def _report(self) -> None:
        for column in key_rotation.sealed_columns():
            counts = key_rotation.tokens_by_key(column)
            listed = ", ".join(f"{key_id}: {count}" for key_id, count in sorted(counts.items()))
            self.stdout.write(f"{column}: {listed or 'nothing sealed'}")

    def _rotate(self, batch_size: int) -> None:
        broken = 0
        for column in key_rotation.sealed_columns():
            progress = key_rotation.rotate(column, batch_size=batch_size)
            self.stdout.write(f"{column}: {progress.resealed} sealed anew")
            for reason in progress.broken:
                self.stderr.write(reason)
            broken += len(progress.broken)
        if broken:
            raise CommandError(f"{broken} sealed values do not open and were left as they are; keep their key")
