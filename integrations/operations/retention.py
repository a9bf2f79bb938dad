"""Stores retention rules, previews pruning, and prunes."""

from __future__ import annotations

import datetime as dt
import time

from django.core.exceptions import ValidationError

from integrations import conf, models
from integrations.actors import SYSTEM, Actor, require
from integrations.errors import DefinitionError, NotFound, Problem
from integrations.models.visibility import SEE_EVERY_INTEGRATION
from integrations.operations import _audit
from integrations.operations._transactions import all_or_nothing
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.retention import disk as retention_disk
from integrations.runtime.retention import preview as retention_preview
from integrations.runtime.retention import pruning
from integrations.runtime.retention import rules as retention_rules
from integrations.runtime.retention.disk import Disk
from integrations.runtime.retention.pace import Pace, Pruned
from integrations.runtime.retention.preview import Preview
from integrations.types import JsonObject

__all__ = ["DEFAULT_KEEP_DAYS", "Disk", "Preview", "Pruned"]

#: For how many days runs are kept by status where no rule says so; "" is any other status.
DEFAULT_KEEP_DAYS = retention_rules.DEFAULT_KEEP_DAYS

Origin = models.Pruning.Origin
#: How long a worker prunes at a time, and how long until the next slice: with more to do, and without.
_SLICE_SECONDS = 0.1
PRUNE_PAUSE_SECONDS = 1.0
_LATER = dt.timedelta(minutes=10)


# Retention


def save_rule(rule: models.RetentionRule, *, by: Actor) -> models.RetentionRule:
    """Store a new or changed rule; it counts from the next pruning on.

    Raises:
        PermissionRefused: also for a rule for everything by someone who does not see every integration.
        NotFound: its integration, or the one that it had before, is none that `by` may see.
        DefinitionError: it is invalid, or there is one for the same runs already.
    """
    before = models.RetentionRule.objects.filter(pk=rule.pk).first() if rule.pk else None
    verb = "change" if before else "add"
    require(by, f"{verb}_retentionrule", to=f"{verb} retention rules")
    for each in filter(None, (before, rule)):
        _require_scope(each, by)
    _refuse_invalid(rule)
    with all_or_nothing():
        rule.save()
        _audit_rule(verb, rule, by=by, before=_described(before) if before else {}, after=_described(rule))
    return rule


def delete_rule(rule: models.RetentionRule, *, by: Actor) -> None:
    """Delete a rule, so that the next wider one applies. Raises as `save_rule`."""
    require(by, "delete_retentionrule", to="delete retention rules")
    _require_scope(rule, by)
    with all_or_nothing():
        _audit_rule("delete", rule, by=by, before=_described(rule), after={})
        rule.delete()


def _require_scope(rule: models.RetentionRule, by: Actor) -> None:
    if rule.integration is None:
        require(by, SEE_EVERY_INTEGRATION.partition(".")[2], to="set how long the runs of every integration are kept")
    elif not models.Integration.objects.visible_to(by).filter(pk=rule.integration.pk).exists():
        raise NotFound("integration", rule.integration.tag)


def _refuse_invalid(rule: models.RetentionRule) -> None:
    try:
        rule.full_clean()
    except ValidationError as error:
        problems = [
            Problem("" if field == "__all__" else f"retention/{field}", message)
            for field, messages in error.message_dict.items()
            for message in messages
        ]
        raise DefinitionError(problems) from error


def _described(rule: models.RetentionRule) -> JsonObject:
    return {
        "integration": rule.integration.tag if rule.integration else None,
        "feature": rule.feature.tag if rule.feature else None,
        "status": rule.status or "any",
        "keep_days": rule.keep_days,
    }


def _audit_rule(verb: str, rule: models.RetentionRule, *, by: Actor, before: JsonObject, after: JsonObject) -> None:
    tag = rule.feature.tag if rule.feature else rule.integration.tag if rule.integration else "everything"
    _audit.write(verb, kind="retention", tag=tag, by=by, integration=rule.integration, before=before, after=after)


# Pruning


def preview(*, by: Actor, now: dt.datetime | None = None, keep_days: int | None = None) -> Preview:
    """Return what pruning would delete now, of the integrations that `by` may see."""
    require(by, "view_run", to="see what is pruned")
    rules = retention_rules.Rules(for_all=keep_days)
    visible = set(models.Integration.objects.visible_to(by).values_list("pk", flat=True))
    return retention_preview.preview(rules, now=now or clock.now(), integration_ids=visible)


def prune(
    *,
    by: Actor = SYSTEM,
    origin: str = Origin.COMMAND,
    now: dt.datetime | None = None,
    keep_days: int | None = None,
    pause_seconds: float = 0.0,
    most_seconds: float | None = None,
) -> Pruned:
    """Delete what is past its retention, runs with all that belongs to them, and what else has expired.

    Other writers are hardly delayed (see `runtime.retention.pruning`). It may be interrupted at any time; the next
    pruning continues.

    Args:
        keep_days: Of runs, in place of every rule.
        pause_seconds: Least time between two transactions.
        most_seconds: When to stop, done or not.
    """
    require(by, "prune_run", to="delete runs that are past their retention")
    now = now or clock.now()
    stop_at = None if most_seconds is None else time.monotonic() + most_seconds
    pace = Pace(pause_seconds=pause_seconds, stop_at=stop_at)
    pruned = pruning.prune(retention_rules.Rules(for_all=keep_days), now=now, pace=pace)
    pruned.given_back_bytes = retention_disk.shrink(pace)
    if pruned:
        models.Pruning.objects.add(
            day=now.date(), origin=origin, ended_at=now, longest_ms=pruned.longest_ms, **pruned.counts()
        )
        if origin != Origin.WORKER:
            _audit.write("prune", kind="run", tag="housekeeping", by=by, after={**pruned.counts()})
    return pruned


def prune_slice() -> Pruned | None:
    """Prune for a moment, if a slice of pruning is due; return None when none is.

    Workers call it every few seconds; one that had more to do calls it again after PRUNE_PAUSE_SECONDS.
    Nothing is deleted while dispatch is paused: after a restore people look at the database first.
    """
    if not conf.prunes() or dispatch_state.is_paused():
        return None
    now, state = clock.now(), models.SystemState.objects.current()
    if state.prune_due_at is not None and state.prune_due_at > now:
        return None
    if not models.SystemState.objects.claim_pruning(now=now, next_at=now + dt.timedelta(seconds=PRUNE_PAUSE_SECONDS)):
        return None
    pruned = prune(origin=Origin.WORKER, now=now, most_seconds=_SLICE_SECONDS)
    if pruned.is_complete:
        models.SystemState.objects.set(prune_due_at=now + _LATER)
    return pruned


def prunings(*, by: Actor, most: int = 30) -> list[models.Pruning]:
    """Return what was pruned recently, latest first."""
    require(by, "view_pruning", to="see what was pruned")
    return list(models.Pruning.objects.order_by("-day", "origin")[:most])


def disk(*, by: Actor) -> Disk:
    """Return how large the database is."""
    require(by, "view_pruning", to="see how large the database is")
    return retention_disk.look()
