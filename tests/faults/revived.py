"""Processes that are killed and come back, as a supervisor lets them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from tests.faults.installation import kill

Start = Callable[[], "subprocess.Popen[bytes]"]


class Revived:
    """A process that is started again whenever it is killed."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.process = start()
        self.kills = 0

    def kill(self) -> None:
        kill(self.process)
        self.kills += 1
        self.process = self._start()
