"""Keeps a number of equal processes going, and stops them together."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence

from integrations.management.stop_signals import on_stop_signal

#: A process that has died is started again, but not before this has passed since.
RESTART_SECONDS = 1.0
_LOOK_SECONDS = 0.2


class Supervisor:
    """Stopping may be asked for at any moment, also while a process is being started: none is left behind."""

    def __init__(self, processes: int, command: Sequence[str]) -> None:
        self._children = [_Child(command) for _ in range(processes)]
        self._stop_asked = False

    def run(self) -> None:
        """Return once stopping was asked for and all processes have ended."""
        on_stop_signal(self._stop)
        while not self._is_over():
            for child in self._children:
                self._look_after(child)
            time.sleep(_LOOK_SECONDS)

    def _is_over(self) -> bool:
        return self._stop_asked and not any(child.is_alive() for child in self._children)

    def _is_stopping(self) -> bool:
        """Return whether stopping was asked for; the answer may be another one a moment later."""
        return self._stop_asked

    def _look_after(self, child: _Child) -> None:
        if self._is_stopping() or not child.is_due():
            return
        child.start()
        if self._is_stopping():  # the signal came while this one was nobody's yet
            child.stop()

    def _stop(self) -> None:
        self._stop_asked = True
        for child in self._children:
            child.stop()


class _Child:
    """The place of one process, and whoever takes it after that one has died."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = time.monotonic()

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def is_due(self) -> bool:
        """Return whether to start now; the first look at a process that has died says when that will be."""
        if self.is_alive():
            return False
        if self._process is not None:
            self._process, self._not_before = None, time.monotonic() + RESTART_SECONDS
        return time.monotonic() >= self._not_before

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)  # noqa: S603  our own command

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
