"""Runs workers: processes that execute due runs."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integrations.operations.workers import Worker

#: A worker that dies is started again, but not faster than this.
_RESTART_SECONDS = 1.0


class Command(BaseCommand):
    help = "Execute due runs until SIGTERM or Ctrl-C; what is held then is finished or handed back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--processes", type=int, default=1, help="how many worker processes (1)")
        parser.add_argument("--concurrency", type=int, default=100, help="runs at once in each process (100)")

    def handle(self, *, processes: int, concurrency: int, **_options: Any) -> None:
        if processes > 1:
            Supervisor(processes, ["--concurrency", str(concurrency)]).run()
            return
        worker = Worker(concurrency=concurrency)
        _on_stop_signal(worker.stop)
        worker.run()


class Supervisor:
    """Keeps a number of worker processes going, and stops them together."""

    def __init__(self, processes: int, arguments: list[str]) -> None:
        self._command = [sys.executable, sys.argv[0], "run_worker", *arguments]
        self._children = [subprocess.Popen(self._command) for _ in range(processes)]  # noqa: S603  our own command
        self._is_stopping = False

    def run(self) -> None:
        _on_stop_signal(self._stop)
        while any(child.poll() is None for child in self._children):
            time.sleep(0.2)
            if not self._is_stopping:
                self._restart_the_dead()

    def _restart_the_dead(self) -> None:
        for index, child in enumerate(self._children):
            if child.poll() is not None:
                time.sleep(_RESTART_SECONDS)
                self._children[index] = subprocess.Popen(self._command)  # noqa: S603  our own command

    def _stop(self) -> None:
        self._is_stopping = True
        for child in self._children:
            child.terminate()


def _on_stop_signal(stop: Any) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
