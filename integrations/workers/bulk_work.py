"""Carries out bulk operations in slices, between a worker's other work."""

from __future__ import annotations

import time

from integrations.operations import bulk

#: How often to look for new operations, and for how long the worker's other work may wait for a slice of them.
_LOOK_SECONDS = 2.0
_SLICE_SECONDS = 0.05


class BulkWork:
    """One worker's share in bulk operations."""

    def __init__(self) -> None:
        self._look_at = 0.0

    def look(self) -> None:
        """Carry out a slice if it is due."""
        if self.seconds_left() <= 0:
            has_more = bulk.work(seconds=_SLICE_SECONDS)
            self._look_at = time.monotonic() + (0.0 if has_more else _LOOK_SECONDS)

    def seconds_left(self) -> float:
        """Return in how many seconds to look again."""
        return max(self._look_at - time.monotonic(), 0.0)
