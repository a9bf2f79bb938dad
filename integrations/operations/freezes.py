"""Freezes and unfreezes environments: in a frozen one no schedule fires and no retry of a job begins."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from integrations import models
from integrations.actors import Actor, require, user_of
from integrations.errors import OperationRefused
from integrations.operations import _audit, _free_text
from integrations.runtime.db import clock, wakeups
from integrations.runtime.dispatch import state as dispatch_state


@dataclass(frozen=True, slots=True, kw_only=True)
class Draining:
    """Counts of the unfinished runs of an environment's jobs."""

    #: Runs that have begun.
    begun: int
    #: Runs that fired before the freeze, or were started manually, and that no worker has claimed yet.
    to_begin: int
    #: Retries of failed runs, which wait until the environment is unfrozen.
    retries: int


def freeze(*, environment: models.Environment, by: Actor, reason: str = "") -> models.Freeze:
    """Let no schedule fire in the environment, and no retry of a job begin, until it is unfrozen.

    Runs that have begun continue to their end: see `draining`.

    Raises:
        OperationRefused: it is frozen already.
    """
    require(by, "freeze_environment", to="freeze environments")
    reason = _free_text.without_secrets(reason, environment.integration)
    try:
        with transaction.atomic():
            row = models.Freeze.objects.create(
                environment=environment, reason=reason, started_at=clock.now(), started_by=user_of(by)
            )
            environment.jobs.all().hold()
            _record("freeze", environment, by=by, reason=reason)
    except IntegrityError:
        raise OperationRefused(f'environment "{environment.slug}" is frozen already') from None
    dispatch_state.forget()
    return row


def unfreeze(*, environment: models.Environment, by: Actor) -> models.Freeze:
    """Resume the schedules, those first that were to fire first; each job's `missed` decides on missed times.

    Retries that came due in the meantime begin.

    Raises:
        OperationRefused: it is not frozen.
    """
    require(by, "freeze_environment", to="unfreeze environments")
    with transaction.atomic():
        row = models.Freeze.objects.in_force().filter(environment=environment).select_for_update().first()
        if row is None:
            raise OperationRefused(f'environment "{environment.slug}" is not frozen')
        row.unfrozen_at, row.unfrozen_by = clock.now(), user_of(by)
        row.save(update_fields=["unfrozen_at", "unfrozen_by"])
        environment.jobs.filter(paused=False).resume()
        _record("unfreeze", environment, by=by, reason=row.reason)
    wakeups.signal()
    return row


def in_force(*, environment: models.Environment, by: Actor) -> models.Freeze | None:
    """Return the freeze that the environment is under."""
    require(by, "view_freeze", to="see freezes")
    return models.Freeze.objects.in_force().filter(environment=environment).first()


def draining(*, environment: models.Environment, by: Actor) -> Draining:
    """Return how many runs of the environment's jobs have not ended."""
    require(by, "view_freeze", to="see freezes")
    is_retry = Q(status=models.Run.Status.SCHEDULED)
    counts = models.Run.objects.unfinished().filter(environment=environment, job__isnull=False)
    return Draining(
        **counts.aggregate(
            begun=Count("pk", filter=Q(started_at__isnull=False)),
            to_begin=Count("pk", filter=Q(started_at__isnull=True) & ~is_retry),
            retries=Count("pk", filter=is_retry),
        )
    )


def _record(verb: str, environment: models.Environment, *, by: Actor, reason: str) -> None:
    integration = environment.integration
    _audit.write(verb, kind="environment", tag=environment.slug, by=by, integration=integration, reason=reason)
