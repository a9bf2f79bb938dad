"""Runs workers: processes that execute due runs."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integrations.management.arguments import whole_number
from integrations.management.stop_signals import on_stop_signal
from integrations.management.supervisor import Supervisor
from integrations.workers.worker import Worker

_MOST_PROCESSES = 1_000
_MOST_AT_ONCE = 100_000


class Command(BaseCommand):
    help = "Execute due runs until SIGTERM or Ctrl-C; runs in progress are finished or put back into the queue."

    def add_arguments(self, parser: CommandParser) -> None:
        processes, concurrency = whole_number(most=_MOST_PROCESSES), whole_number(most=_MOST_AT_ONCE)
        parser.add_argument("--processes", type=processes, default=1, help="how many worker processes (1)")
        parser.add_argument("--concurrency", type=concurrency, default=100, help="runs at once in each process (100)")

    def handle(self, *, processes: int, concurrency: int, **_options: Any) -> None:
        if processes > 1:
            command = [sys.executable, sys.argv[0], "run_worker", "--concurrency", str(concurrency)]
            Supervisor(processes, command).run()
            return
        worker = Worker(concurrency=concurrency)
        on_stop_signal(worker.stop)
        worker.run()
