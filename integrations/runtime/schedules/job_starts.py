"""Starts runs of jobs: works out what a job's target is now, refuses what cannot run, and writes the run."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from integrations import models, strict_json
from integrations.actors import Actor
from integrations.definitions import checking, wrapping
from integrations.definitions.contents import Contents
from integrations.definitions.feature import Feature
from integrations.definitions.job import Job, JobTarget
from integrations.definitions.release import Release
from integrations.definitions.retry import RetryPolicy
from integrations.errors import DefinitionError, IntegrationsError, InvalidInput, NotFound, OperationRefused, Problem
from integrations.runtime.releases import cutting
from integrations.runtime.releases.contents import contents_of
from integrations.runtime.releases.revision_cache import Revision, RevisionCache
from integrations.runtime.starting import checks, enqueue
from integrations.runtime.starting.checks import UnfitInput
from integrations.types import Json, JsonObject

#: By revision.
_recent_contents: RevisionCache[Contents] = RevisionCache(most=64)
#: By revision, the feature that was made of the target, and timeout.
_recent: RevisionCache[tuple[models.Release, Release]] = RevisionCache(most=256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """All that a run of a job takes, checked; nothing is written yet."""

    job: models.Job
    environment: models.Environment
    #: None where the target is something else.
    feature: models.Feature | None
    release: models.Release
    definition: Feature
    input: JsonObject
    #: Further columns of the run.
    columns: dict[str, Any] = field(default_factory=dict)


def prepare(
    job: models.Job, *, environment: models.Environment | None = None, input: JsonObject | None = None
) -> Start:
    """Return what it takes to run the job now, in its own environment and with its own input unless others are given.

    Called outside transactions, so that what it reads is kept for the next time.

    Raises:
        IntegrationsError: why it cannot run.
    """
    described = job.to_definition()
    if problems := wrapping.not_yet(described.own_target):
        raise DefinitionError(problems)
    environment = environment or job.environment
    if environment is None:
        raise OperationRefused(f'job "{job.tag}" names no environment; give one')
    if not environment.active:
        raise OperationRefused(f'environment "{environment.slug}" is inactive; activate it to start runs in it')
    given: Json = described.input if input is None else strict_json.check(input, place="input")
    if not isinstance(given, dict):
        raise InvalidInput([Problem("input", "should be an object")])
    revision = Revision.current(job.integration)
    feature, (release, definition), values = _resolved(job, described, dict(given), revision)
    checks.require_bindings(environment, definition.apps)
    checks.refuse_unfit(values, environment, revision)
    return Start(
        job=job,
        environment=environment,
        feature=feature,
        release=release,
        definition=definition.feature,
        input=values,
        columns={"priority": job.priority},
    )


def obstacles(job: models.Job) -> list[Problem]:
    """Return why the job could not be started now by its schedule; [] when it could."""
    try:
        prepare(job)
    except DefinitionError as error:
        return list(error.problems)
    except IntegrationsError as error:
        return [Problem("", error.message)]
    return []


def refusals(integration: models.Integration, described: Job) -> list[Problem]:
    """Return why a job that may not be stored yet could not be started; its environment must exist.

    What is wrong with its input for its target is not among it: the input is checked by what is saved of the target,
    which may differ from what is published.
    """
    if wrapping.not_yet(described.own_target):  # stored all the same
        return []
    job = models.Job(integration=integration)
    job.apply(described)
    try:
        prepare(job)
    except UnfitInput as error:
        return _of_input(error, described)
    except InvalidInput:
        return []
    except DefinitionError as error:
        return [_placed(problem, described) for problem in error.problems]
    except IntegrationsError as error:
        return [Problem(_target_of(described), error.message)]
    return []


def oversize(described: Job) -> list[Problem]:
    """Return whether a job's own input is larger than that of any run may be, with what its target fills in aside."""
    try:
        checks.refuse_large(described.input)
    except UnfitInput as error:
        return _of_input(error, described)
    return []


def _of_input(error: UnfitInput, described: Job) -> list[Problem]:
    return [problem.under(f"jobs/{described.tag}") for problem in error.problems]


def _target_of(described: Job) -> str:
    return f"jobs/{described.tag}/target/event"


def _placed(problem: Problem, described: Job) -> Problem:
    """Return a problem of the feature that stands for a target at the target: nobody has written that feature."""
    target = described.own_target
    is_inside = target.type != "feature" and problem.place.startswith(f"features/{target.event}/")
    return Problem(_target_of(described), problem.message, problem.hint) if is_inside else problem


def write(start: Start, *, by: Actor, trigger: models.Run.Trigger, now: dt.datetime, **columns: Any) -> models.Run:
    """Return the run, queued within the transaction that this is called in; or the one that stands for an equal key.

    Raises:
        Busy: the queue is full.
    """
    return enqueue.queue(
        start.definition,
        start.input,
        feature=start.feature,
        environment=start.environment,
        release=start.release,
        trigger=trigger,
        by=by,
        integration_id=start.job.integration_id,
        job=start.job,
        created_at=now,
        due_at=now,
        **{**start.columns, **columns},
    )


def write_retry(run: models.Run, *, after_seconds: float, now: dt.datetime) -> models.Run:
    """Return another run for a failed one of a job, on the same release and input, scheduled for later."""
    limited = bool(run.lane) and models.Lane.objects.filter(key=run.lane, rate_limit__isnull=False).exists()
    with transaction.atomic():
        return models.Run.objects.create(
            status=models.Run.Status.SCHEDULED,
            due_at=now + dt.timedelta(seconds=after_seconds),
            created_at=now,
            replay_of=run,
            job_attempt=run.job_attempt + 1,
            awaits_rate=limited,
            **{name: getattr(run, name) for name in _TAKEN_OVER},
        )


#: What a retry has of the run that it follows.
_TAKEN_OVER = (
    "integration_id",
    "environment_id",
    "feature_id",
    "feature_version_id",
    "release_id",
    "job_id",
    "nominal_at",
    "trigger",
    "input",
    "store_event_results",
    "priority",
    "lane",
    "created_by_id",
)


def retry_delay(policy: RetryPolicy | None, *, retry: int, draw: float) -> float:
    """Return how many seconds after a failure the n-th retry begins: full jitter, as `RetryPolicy` says.

    `draw` is from 0 to 1.
    """
    return draw * (policy or RetryPolicy()).backoff_seconds(retry)


def _resolved(
    job: models.Job, described: Job, input: JsonObject, revision: Revision
) -> tuple[models.Feature | None, tuple[models.Release, Release], JsonObject]:
    target = described.own_target
    if target.type == "feature":
        feature = _feature(job, target)
        row, release = _in_time(cutting.current(feature, revision), described, revision)
        return feature, (row, release), checking.check_input(release.feature, input)
    return None, *_wrapped(job.integration, target, input, described.timeout, revision)


def as_now(run: models.Run, input: JsonObject) -> tuple[tuple[models.Release, Release], JsonObject]:
    """Return what a run executed that is of a job and of no feature, as that is now, and the input as that takes it.

    Raises:
        DefinitionError: the target is not there any more.
        InvalidInput: the input is not what it takes by now.
    """
    event = run.release.to_definition().feature.sequence[0].events[0]
    target = JobTarget.parse({name: getattr(event, name) for name in JobTarget.model_fields})
    timeout = run.job.timeout if run.job else None
    return _wrapped(run.integration, target, input, timeout, Revision.current(run.integration))


def _wrapped(
    integration: models.Integration, target: JobTarget, input: JsonObject, timeout: float | None, revision: Revision
) -> tuple[tuple[models.Release, Release], JsonObject]:
    wrapped = wrapping.wrap(target, input, _contents(integration, target, revision))
    # Which keys the input has, at any depth that the event reads, is part of the feature.
    key = (revision, wrapped.feature.model_dump_json(), timeout)
    released = _recent.get(key, lambda: cutting.cut(_within(wrapped.feature, timeout), integration))
    return released, wrapped.input


def _contents(integration: models.Integration, target: JobTarget, revision: Revision) -> Contents:
    """Return what the target may be among; of jobs only the one that it names."""
    contents = _recent_contents.get(revision, lambda: contents_of(integration, with_jobs=False))
    if target.type != "job":
        return contents
    rows = models.Job.objects.for_integration(integration).filter(tag=target.event).with_definition()
    return dataclasses.replace(contents, jobs={row.tag: row.to_definition() for row in rows})


def _feature(job: models.Job, target: JobTarget) -> models.Feature:
    features = models.Feature.objects.for_integration(job.integration).select_related("integration")
    feature = features.filter(tag=target.event).first()
    if feature is None:
        raise NotFound("feature", target.event, list(features.values_list("tag", flat=True)))
    return feature


def _in_time(
    released: tuple[models.Release, Release], described: Job, revision: Revision
) -> tuple[models.Release, Release]:
    """Return the release with the job's timeout in it, where that is shorter than the feature's own."""
    row, release = released
    feature = _within(release.feature, described.timeout)
    if feature is release.feature:
        return released
    key = (revision, row.digest, described.timeout)
    # Not a copy, which would keep the digest.
    fields = {name: getattr(release, name) for name in Release.model_fields}
    changed = Release(**{**fields, "feature": feature})
    return _recent.get(key, lambda: (cutting.stored(changed, row.feature_version), changed))


def _within(feature: Feature, timeout: float | None) -> Feature:
    if timeout is None or (feature.timeout is not None and feature.timeout <= timeout):
        return feature
    return feature.model_copy(update={"timeout": timeout})
