"""What asks a process to stop: SIGTERM, and Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType


def on_stop_signal(stop: Callable[[], None]) -> None:
    """Call `stop` for each such signal from now on, in the main thread, between any two of its steps."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
