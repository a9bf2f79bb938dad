"""How workers hear of runs that have become due: the one place that knows which way an installation goes."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterable

from django.db import transaction

from integrations import conf
from integrations.runtime.db import wakeups


def announce(run_ids: Iterable[uuid.UUID]) -> None:
    """Tell workers about due runs once the current transaction is committed.

    Never fails: what was not heard of is found by workers that look by themselves.
    """
    wakeups.signal()  # `run_worker` may work beside Celery's workers
    if conf.dispatch() == "celery":
        transaction.on_commit(functools.partial(_send, tuple(run_ids)))


def _send(run_ids: tuple[uuid.UUID, ...]) -> None:
    from integrations.runtime.dispatch import broker  # Celery takes a tenth of a second to import, and few have it

    broker.send(run_ids)
