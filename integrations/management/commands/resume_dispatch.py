"""Lets workers and schedules go on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integrations.actors import SYSTEM
from integrations.operations import dispatch


class Command(BaseCommand):
    help = "Let workers take up runs and schedules fire again, after a restore or a pause."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="", help="for the audit log")

    def handle(self, *, reason: str, **_options: Any) -> None:
        was_paused = dispatch.resume(by=SYSTEM, reason=reason)
        self.stdout.write("Dispatch goes on." if was_paused else "Dispatch was not paused.")
