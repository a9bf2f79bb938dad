"""What workers are asked to do, and who is there."""

from __future__ import annotations

from integrations import models
from integrations.operations import _database_time
from integrations.operations._worker import Worker
from integrations.operations.actors import Actor, require

__all__ = ["Worker", "alive"]


def alive(*, by: Actor) -> list[models.Worker]:
    """Return the workers that were heard of lately, those that started first in front."""
    require(by, "view_worker", to="see workers")
    return list(models.Worker.objects.alive(_database_time.now()).order_by("started_at"))
