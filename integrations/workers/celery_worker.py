"""The Celery worker: each message names a run, which the process's one worker loop executes."""

from __future__ import annotations

import logging
import threading
import uuid
from typing import Any

from celery import Celery, bootsteps, signals
from celery.concurrency.thread import TaskPool
from celery.exceptions import ImproperlyConfigured, Reject
from celery.platforms import EX_FAILURE
from celery.worker import state
from django.db import connections

from integrations import conf
from integrations.runtime.dispatch import broker
from integrations.workers import worker as worker_process
from integrations.workers.broker_source import BrokerSource

logger = logging.getLogger(__name__)

#: A message is acknowledged when its run is done, but at the latest after this long: RabbitMQ closes the channel of a
#: client that keeps one for half an hour, and Redis delivers it again. The run is kept by its lease.
_PATIENCE_SECONDS = 10 * 60.0
#: How long the loop may take to store what it has after it was asked to stop.
_LEAVING_SECONDS = 4.0

_runs = BrokerSource()


def app() -> Celery:
    """Return the Celery application, able to execute runs."""
    celery = broker.app()
    celery.task(name=broker.TASK)(execute_run)
    celery.steps["worker"].add(_WorkerLoop)
    return celery


@signals.setup_logging.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _keep_logging(**_options: Any) -> None:
    """Keep logging as Django's settings say: Celery sets none up where a receiver is connected to this signal."""


def execute_run(run_id: str) -> None:
    """Execute a due run; do nothing when it was executed already, or another worker has it."""
    if not _runs.execute(uuid.UUID(run_id), patience_seconds=_PATIENCE_SECONDS):
        raise Reject("this worker is stopping", requeue=True)


class _WorkerLoop(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Runs the worker loop beside the threads that wait for it.

    Started after them and stopped before them; by then nothing is received any more.
    """

    requires = {"celery.worker.components:Pool"}

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        # Workers share everything by the database. Asking the others at the start would also end this process when the
        # broker goes away at that moment.
        parent.options |= {"without_mingle": True, "without_gossip": True}
        self._worker: worker_process.Worker | None = None
        self._thread: threading.Thread | None = None

    def start(self, parent: Any) -> None:
        if not isinstance(parent.pool, TaskPool):
            raise ImproperlyConfigured("Runs need the pool that is set up for them: leave --pool out.")
        self._worker = worker_process.Worker(concurrency=parent.concurrency, source=_runs)
        self._thread = threading.Thread(target=_work, args=(self._worker,), name="worker loop", daemon=True)
        self._thread.start()

    def stop(self, parent: Any) -> None:
        if self._worker is not None and self._thread is not None:
            self._worker.stop()
            self._thread.join(conf.stop_seconds() + _LEAVING_SECONDS)

    terminate = stop


def _work(worker: worker_process.Worker) -> None:
    try:
        worker.run()
    except Exception:
        # The process ends, so that its supervisor starts it again; tasks would wait for ever.
        logger.exception("The worker loop failed", extra={"action": "worker_failed"})
        state.should_terminate = EX_FAILURE
    finally:
        connections.close_all()
