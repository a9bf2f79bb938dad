"""Freezes of environments: no schedule fires there while somebody changes something, and then all go on in order."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from integrations import models
from integrations.errors import OperationRefused
from integrations.operations import _audit, _database_time, _remarks, _waking
from integrations.operations.actors import Actor, require, user_of


def freeze(*, environment: models.Environment, by: Actor, reason: str = "") -> models.Freeze:
    """Let no schedule fire in the environment until it is released. What runs there goes on to its end: see `draining`.

    Raises:
        OperationRefused: it is frozen already.
    """
    require(by, "freeze_environment", to="freeze environments")
    reason = _remarks.without_secrets(reason, environment.integration)
    try:
        with transaction.atomic():
            row = models.Freeze.objects.create(
                environment=environment, reason=reason, started_at=_database_time.now(), started_by=user_of(by)
            )
            environment.jobs.all().hold()
            _record("freeze", environment, by=by, reason=reason)
    except IntegrityError:
        raise OperationRefused(f'environment "{environment.slug}" is frozen already') from None
    return row


def release(*, environment: models.Environment, by: Actor) -> models.Freeze:
    """Let the schedules go on, those first that were to fire first; times that were held up go by `missed`.

    Raises:
        OperationRefused: it is not frozen.
    """
    require(by, "freeze_environment", to="release frozen environments")
    with transaction.atomic():
        row = models.Freeze.objects.in_force().filter(environment=environment).select_for_update().first()
        if row is None:
            raise OperationRefused(f'environment "{environment.slug}" is not frozen')
        row.released_at, row.released_by = _database_time.now(), user_of(by)
        row.save(update_fields=["released_at", "released_by"])
        environment.jobs.filter(paused=False).release()
        _record("release", environment, by=by, reason=row.reason)
    _waking.signal()
    return row


def in_force(*, environment: models.Environment, by: Actor) -> models.Freeze | None:
    """Return the freeze that the environment is under."""
    require(by, "view_freeze", to="see freezes")
    return models.Freeze.objects.in_force().filter(environment=environment).first()


def draining(*, environment: models.Environment, by: Actor) -> int:
    """Return how many runs of jobs in the environment have begun and not ended yet."""
    require(by, "view_freeze", to="see freezes")
    begun = models.Run.objects.unfinished().filter(environment=environment, job__isnull=False)
    return begun.filter(started_at__isnull=False).count()


def _record(verb: str, environment: models.Environment, *, by: Actor, reason: str) -> None:
    integration = environment.integration
    _audit.write(verb, kind="environment", tag=environment.slug, by=by, integration=integration, reason=reason)
