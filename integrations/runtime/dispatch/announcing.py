"""Announces due runs to workers: the one place that knows whether an installation uses a broker."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterable

from django.db import transaction

from integrations import conf
from integrations.runtime.db import wakeups


def announce(run_ids: Iterable[uuid.UUID]) -> None:
    """Announce due runs to workers once the current transaction is committed.

    Never fails: workers also look for due runs by themselves.
    """
    wakeups.signal()  # `run_worker` may work beside Celery's workers
    if conf.dispatch() == "celery":
        from integrations.runtime.dispatch import broker  # Celery takes a tenth of a second to import, and few have it

        transaction.on_commit(functools.partial(broker.send, tuple(run_ids)))
