"""An installation whose processes hear of runs from a broker."""

from __future__ import annotations

import itertools
import subprocess
import sys
import uuid
from pathlib import Path

from integrations.runtime.dispatch import broker as dispatch_broker
from tests.celery.brokers import Broker
from tests.faults.installation import Installation, wait_for

#: How long a test waits for what is to happen soon: on a busy machine, processes and brokers take their time.
PATIENCE_SECONDS = 60.0


class CeleryInstallation(Installation):
    def __init__(self, folder: Path, database_url: str, broker: Broker) -> None:
        super().__init__(folder, database_url, DUCTAPE_DISPATCH="celery", CELERY_BROKER_URL=broker.url)
        self.broker = broker
        self._celery = dispatch_broker.app_at(broker.url)
        self._numbers = itertools.count()

    def celery_worker(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a Celery worker as a second machine would, and return once it is there."""
        name = f"worker{next(self._numbers)}@%h"
        known = self._workers()
        process = self.start(sys.executable, "-m", "celery", "-A", "ductape_site", "worker", "-n", name, *arguments)
        wait_for(lambda: self._workers() > known, seconds=PATIENCE_SECONDS, what=self._describe)
        return process

    def send(self, run_id: uuid.UUID) -> None:
        """Send the message about a run once more."""
        self._celery.send_task(dispatch_broker.TASK, args=[str(run_id)])

    def messages(self) -> int:
        """Return how many messages wait at the broker for a worker to fetch them."""
        with self._celery.connection_for_read() as connection:
            queue = self._celery.amqp.queues[dispatch_broker.QUEUE](connection.default_channel)
            return int(queue.queue_declare().message_count)

    def lose_messages(self) -> int:
        """Let the broker forget all messages that wait there; return how many they were."""
        with self._celery.connection_for_read() as connection:
            return int(self._celery.amqp.queues[dispatch_broker.QUEUE](connection.default_channel).purge())

    def wait_until_logged(self, text: str) -> None:
        """Return once a process has said this; what it has done is seen earlier."""
        wait_for(lambda: text in self.log.read_text(), seconds=PATIENCE_SECONDS, what=self._describe)

    def _workers(self) -> int:
        return int(self.rows("SELECT count(*) FROM integrations_worker")[0][0])
