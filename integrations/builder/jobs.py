"""What the integration builder does with jobs beyond describing them: run, hold and reschedule them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from integrations import models
from integrations.actors import Actor
from integrations.builder.processor import ProcessResult, result_of
from integrations.definitions.job import Job
from integrations.operations import environments, freezes, jobs, ledgers
from integrations.operations.ledgers import Entry
from integrations.types import JsonObject


class JobMethods:
    """The methods of the builder that act on jobs. A result is how a run stands when the call returns."""

    if TYPE_CHECKING:
        _user: Actor

        @property
        def _open(self) -> models.Integration: ...

    def run_job(self, tag: str, *, input: JsonObject | None = None, env: str | None = None) -> ProcessResult:
        """Run a job now, with its own input and in its own environment unless others are given; wait for its end.

        While dispatch is paused the run stays queued, and is returned as such at once.
        The job's schedule takes no notice of it.

        Raises:
            InvalidInput: the input is not what the job's target takes.
            OperationRefused: it cannot run now.
        """
        run = jobs.run(job=self._job(tag), input=input, env=env, by=self._user, trigger=models.Run.Trigger.BUILDER)
        return _executed(run)

    def run_jobs(self) -> list[ProcessResult]:
        """Run all that is due of schedules and not held, and what waits for that; workers do so by themselves."""
        return [result_of(run) for run in jobs.run_due(integration=self._open, by=self._user)]

    def pause_job(self, tag: str, *, reason: str = "") -> Job:
        """Let the job's schedule not fire until it is resumed. What is running goes on to its end."""
        jobs.pause(jobs=[self._job(tag)], by=self._user, reason=reason)
        return jobs.store.describe(self._job(tag))

    def resume_job(self, tag: str, *, reason: str = "") -> Job:
        """Let the job's schedule fire again, from now on; the times that have passed are written down as skipped."""
        jobs.resume(jobs=[self._job(tag)], by=self._user, reason=reason)
        return jobs.store.describe(self._job(tag))

    def pause_jobs(self, *, reason: str = "") -> int:
        """Pause all jobs of the integration; return how many were not paused yet."""
        return jobs.pause(jobs=jobs.fetch_all(integration=self._open, by=self._user), by=self._user, reason=reason)

    def resume_jobs(self, *, reason: str = "") -> int:
        """Resume all jobs of the integration; return how many were paused."""
        return jobs.resume(jobs=jobs.fetch_all(integration=self._open, by=self._user), by=self._user, reason=reason)

    def reschedule_job(self, tag: str, *, schedule: JsonObject | None) -> Job:
        """Give the job another schedule, or none; it begins now.

        Raises:
            DefinitionError: it can never fire.
        """
        return jobs.store.describe(jobs.reschedule(job=self._job(tag), schedule=schedule, by=self._user))

    def job_history(self, tag: str, *, limit: int = 100) -> list[ProcessResult]:
        """Return the job's latest runs, the newest first."""
        return [result_of(run) for run in jobs.history(job=self._job(tag), by=self._user, limit=limit)]

    def job_ledger(self, tag: str, *, since: dt.datetime, until: dt.datetime) -> list[Entry]:
        """Return what became of each time at which the job was to fire, in order of time.

        Raises:
            OperationRefused: these are too many to be given at once.
        """
        return ledgers.of_job(job=self._job(tag), since=since, until=until, by=self._user)

    def freeze_env(self, slug: str, *, reason: str = "") -> None:
        """Let no schedule fire in the environment, and no retry of a job begin, until it is unfrozen."""
        freezes.freeze(environment=self._env(slug), by=self._user, reason=reason)

    def unfreeze_env(self, slug: str) -> None:
        """Resume the schedules of a frozen environment, those first that were to fire first."""
        freezes.unfreeze(environment=self._env(slug), by=self._user)

    def _job(self, tag: str) -> models.Job:
        return jobs.fetch(integration=self._open, tag=tag, by=self._user)

    def _env(self, slug: str) -> models.Environment:
        return environments.fetch(integration=self._open, tag=slug, by=self._user)


def _executed(run: models.Run) -> ProcessResult:
    return result_of(jobs.execute(run))
