"""Where a worker's runs come from: the table of runs, or messages that announce them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from integrations import models
from integrations.runtime.db import wakeups
from integrations.runtime.queue import claiming


class Source(Protocol):
    """What a worker claims runs from; all but `listening`'s callback happens in the worker's thread."""

    #: How long a worker waits at most before it looks for runs by itself.
    look_seconds: float

    def listening(self, wake: wakeups.Wake) -> AbstractContextManager[None]:
        """Call `wake`, from any thread, whenever a run may be due, while the block runs."""

    def claim(self, *, worker: str, limit: int) -> list[models.Run]: ...

    def keep(self, run_ids: Collection[uuid.UUID]) -> None:
        """Learn after each tick which runs the worker executes; earlier ones that are missing are done."""


class DatabaseSource:
    """The table of runs itself: everything that is due."""

    look_seconds = 1.0

    def listening(self, wake: wakeups.Wake) -> AbstractContextManager[None]:
        return wakeups.listening(wake)

    def claim(self, *, worker: str, limit: int) -> list[models.Run]:
        return claiming.claim_due(worker=worker, limit=limit)

    def keep(self, run_ids: Collection[uuid.UUID]) -> None:
        """Do nothing: no message waits for a run here."""
