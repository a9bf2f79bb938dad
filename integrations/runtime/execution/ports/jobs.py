"""The jobs that a run starts by its events: fulfils `engine.ports.Jobs`."""

from __future__ import annotations

from integrations import models
from integrations.actors import SYSTEM
from integrations.engine.failures import EventError
from integrations.errors import Busy, IntegrationsError
from integrations.runtime.db import clock
from integrations.runtime.execution.recorder import RunRecorder
from integrations.runtime.schedules import job_starts
from integrations.types import JsonObject


class Jobs:
    """Asks and writes in the database's thread, while the run that starts the job is held."""

    def __init__(self, run: models.Run, recorder: RunRecorder) -> None:
        self._run, self._recorder = run, recorder

    async def start(self, place: str, *, job: str, input: JsonObject) -> str:
        return await self._recorder.ask(lambda: self._found(place) or self._started(place, job, input))

    def _found(self, place: str) -> str | None:
        run = models.Run.objects.filter(starter=self._run, starter_step=place).only("pk").first()
        return None if run is None else str(run.pk)

    def _started(self, place: str, tag: str, input: JsonObject) -> str:
        rows = models.Job.objects.filter(integration=self._run.integration_id, tag=tag)
        job = rows.select_related("integration", "environment").first()
        if job is None:
            raise EventError(f'there is no job "{tag}" any more', code="unknown_job")
        try:
            return str(self._write(job, place, input).pk)
        except IntegrationsError as error:
            retryable = isinstance(error, Busy)
            raise EventError(error.message, code="job_not_started", retryable=retryable) from None

    def _write(self, job: models.Job, place: str, input: JsonObject) -> models.Run:
        starter = self._run
        start = job_starts.prepare(job, environment=job.environment or starter.environment, input=input or None)
        return job_starts.write(
            start,
            by=starter.created_by or SYSTEM,
            trigger=models.Run.Trigger.RUN,
            now=clock.now(),
            starter=starter,
            starter_step=place,
            depth=starter.depth + 1,
        )
