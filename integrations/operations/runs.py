"""Starting, executing and reading runs."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from integrations import conf, models, strict_json
from integrations.actors import Actor, require
from integrations.definitions import checking
from integrations.errors import NotFound, OperationRefused
from integrations.operations import _audit, _free_text, environments, features, integrations, workers
from integrations.runtime.db import clock
from integrations.runtime.execution import following, in_process
from integrations.runtime.execution.driver import OnStep
from integrations.runtime.lifecycle import run_tree
from integrations.runtime.limits import lanes
from integrations.runtime.queue import holds
from integrations.runtime.releases import cutting
from integrations.runtime.releases.revision_cache import Revision
from integrations.runtime.starting import checks, enqueue
from integrations.types import Json

#: How long a parked run is waited for by whoever started it.
_PATIENCE_SECONDS = 30.0


def start(
    *,
    feature: models.Feature,
    environment: models.Environment,
    input: Json,
    by: Actor,
    trigger: models.Run.Trigger,
) -> models.Run:
    """Return a new queued run of the feature's published version; it is stored when this returns.

    Of a feature that deduplicates it is the run that stands for an equal key already, marked `is_deduplicated`.

    Raises:
        PermissionRefused
        Busy: the queue is full.
        NotFound: the environment is another integration's.
        InvalidInput: the input is not what the feature takes, with places below `input`.
        OperationRefused: the environment is inactive, or the feature was never published.
        DefinitionError: the environment lacks what the feature needs.
    """
    require(by, "start_run", to="start runs")
    if environment.integration_id != feature.integration_id:
        raise NotFound("environment", environment.slug)
    if not environment.active:
        raise OperationRefused(f'environment "{environment.slug}" is inactive; activate it to start runs in it')
    revision = Revision.current(feature.integration)
    release, definition = cutting.current(feature, revision)
    values = checking.check_input(definition.feature, strict_json.check(input, place="input"))
    checks.require_bindings(environment, definition.apps)
    checks.refuse_unfit(values, environment, revision)
    with transaction.atomic():
        run = enqueue.queue(
            definition.feature,
            values,
            feature=feature,
            environment=environment,
            release=release,
            trigger=trigger,
            by=by,
            integration=feature.integration,
        )
        if not run.is_deduplicated:
            tag = f"{feature.tag} in {environment.slug}"
            _audit.write("start", kind="run", tag=str(run.pk), by=by, integration=feature.integration, reason=tag)
    return run


def request(
    *,
    feature: models.Feature,
    environment: models.Environment,
    input: Json,
    by: Actor,
    trigger: models.Run.Trigger,
) -> models.Run:
    """Start a run and have it executed: by a worker where one is there, else in this process. Raises what `start` does.

    For callers that follow the run by its id: it may have just begun, or be waiting, when this returns.
    """
    run = start(feature=feature, environment=environment, input=input, by=by, trigger=trigger)
    return (
        run
        if run.is_deduplicated or workers.is_worker_there()
        else execute(run, patience_seconds=conf.PAGE_PATIENCE_SECONDS)
    )


def run_feature(
    *,
    integration: str,
    environment: str,
    feature: str,
    input: Json,
    by: Actor,
    trigger: models.Run.Trigger,
    on_step: OnStep | None = None,
    patience_seconds: float = _PATIENCE_SECONDS,
) -> models.Run:
    """Start and execute a feature by its names, and return the run as it then stands; see `start` and `execute`.

    A deduplicated run that somebody else executes is watched.
    """
    row = integrations.fetch(tag=integration, by=by)
    run = start(
        feature=features.fetch(integration=row, tag=feature, by=by),
        environment=environments.fetch(integration=row, tag=environment, by=by),
        input=input,
        by=by,
        trigger=trigger,
    )
    if run.is_deduplicated and run.is_final:
        return run
    return execute(run, on_step=on_step, patience_seconds=patience_seconds)


def execute(
    run: models.Run, *, on_step: OnStep | None = None, patience_seconds: float = _PATIENCE_SECONDS
) -> models.Run:
    """Execute the run in this process; see `in_process.execute`."""
    return in_process.execute(run, on_step=on_step, patience_seconds=patience_seconds)


def resume(
    *, run: models.Run, by: Actor, on_step: OnStep | None = None, patience_seconds: float = _PATIENCE_SECONDS
) -> models.Run:
    """Go on with a waiting run now, or with a running one whose process is gone, behind its last checkpoint.

    Raises:
        OperationRefused: it has ended, its holder's lease still lasts, or its environment is inactive.
    """
    require(by, "start_run", to="resume runs")
    if why := holds.why_from_everyone(run):
        raise OperationRefused(why)
    if run.status == models.Run.Status.RUNNING:
        in_process.reclaim(run)
    return in_process.execute(run, on_step=on_step, patience_seconds=patience_seconds)


def follow(
    *, run: models.Run, on_step: OnStep | None = None, patience_seconds: float = _PATIENCE_SECONDS
) -> models.Run:
    """Watch a run that a worker executes until it has ended or waits for longer than `patience_seconds`."""
    return following.follow(run, on_step=on_step, patience_seconds=patience_seconds)


def tell(*, run: models.Run, on_step: OnStep) -> None:
    """Tell of every step of the run that has come to something."""
    following.report(run, on_step)


def cancel(*, run: models.Run, by: Actor, reason: str = "") -> models.Run:
    """End a run, and those that it has started: at once when nobody executes it, else within a second.

    Raises:
        OperationRefused: it has ended already.
    """
    require(by, "cancel_run", to="cancel runs")
    reason = _free_text.without_secrets(reason, run.integration)
    with transaction.atomic():
        if not run_tree.cancel(run.pk, now=clock.now()):
            raise OperationRefused(f"run {run.pk} has {run.status} already")
        _audit.write("cancel", kind="run", tag=str(run.pk), by=by, integration=run.integration, reason=reason)
    run.refresh_from_db()
    return run


def why_not_yet(run: models.Run) -> str:
    """Return which limit of its feature holds a queued run up, as a sentence, or ""."""
    return lanes.why_not_yet(run, now=clock.now())


def fetch(*, run_id: str, by: Actor) -> models.Run:
    """Return the run; one that `by` may not see answers like a missing one."""
    require(by, "view_run", to="see runs")
    try:
        return models.Run.objects.visible_to(by).get(pk=run_id)
    except (models.Run.DoesNotExist, ValidationError):  # the latter for what is no id at all
        raise NotFound("run", run_id) from None
