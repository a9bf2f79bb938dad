"""Whether somebody is there to execute what is queued."""

from __future__ import annotations

from integrations import models
from integrations.operations import _database_time


def is_worker_there() -> bool:
    """Return whether some worker is going to take up what is queued."""
    return models.Worker.objects.alive(_database_time.now()).filter(is_stopping=False).exists()
