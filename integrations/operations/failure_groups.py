"""What people make of failure groups: who looks after one, when it may be forgotten, and that it is done with."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from integrations import models, strict_json
from integrations.actors import Actor, require
from integrations.errors import InvalidInput, OperationRefused, Problem
from integrations.operations import _audit, _free_text
from integrations.runtime.db import clock
from integrations.types import Json, JsonObject

_STALE = "Someone else changed this meanwhile. Open it anew in another tab, and make your changes there"


def change(
    group: models.FailureGroup,
    *,
    by: Actor,
    assigned_to: User | None,
    snoozed_until: dt.datetime | None,
    note: str,
    revision: str | None = None,
) -> models.FailureGroup:
    """Say who looks after the group, until when it is left alone, and what is known of it.

    `revision` is what `revision_of` said when `by` looked at it.

    Raises:
        PermissionRefused
        InvalidInput: that person may not see it; one who looks after it already may go on.
        OperationRefused: somebody else has changed it since it had that revision.
    """
    require(by, "manage_failuregroup", to="change failure groups")
    with transaction.atomic():
        stored = models.FailureGroup.objects.select_for_update().get(pk=group.pk)
        if revision not in (None, revision_of(stored)):
            raise OperationRefused(_STALE)
        if assigned_to is not None and assigned_to.pk != stored.assigned_to_id:
            _require_insight(group, assigned_to)
        note = _free_text.without_secrets(note, group.integration)
        return _changed(group, "change", by, assigned_to=assigned_to, snoozed_until=snoozed_until, note=note)


def revision_of(group: models.FailureGroup) -> str:
    """Return a text that is another once somebody has assigned, snoozed or noted the group differently."""
    said: list[Json] = [group.assigned_to_id, _written(group.snoozed_until), group.note]
    return hashlib.sha256(strict_json.dumps(said).encode()).hexdigest()[:32]


def resolve(group: models.FailureGroup, *, by: Actor) -> models.FailureGroup:
    """Take the group for done with, until it is seen again."""
    require(by, "manage_failuregroup", to="resolve failure groups")
    return _changed(group, "resolve", by, resolved_at=clock.now(), snoozed_until=None)


def reopen(group: models.FailureGroup, *, by: Actor) -> models.FailureGroup:
    """Take the group for open after all."""
    require(by, "manage_failuregroup", to="reopen failure groups")
    return _changed(group, "reopen", by, resolved_at=None, snoozed_until=None)


def _require_insight(group: models.FailureGroup, person: User) -> None:
    if not models.FailureGroup.objects.visible_to(person).filter(pk=group.pk).exists():
        raise InvalidInput([Problem("assigned_to", f"{person} may not see this integration")])


def _changed(group: models.FailureGroup, verb: str, by: Actor, **columns: Any) -> models.FailureGroup:
    with transaction.atomic():
        group.refresh_from_db()
        before = _described(group)
        # Not `save`: runs are counted in it meanwhile.
        models.FailureGroup.objects.filter(pk=group.pk).update(**columns)
        group.refresh_from_db()
        _audit.write(
            verb,
            kind="failure group",
            tag=group.fingerprint[:12],
            by=by,
            integration=group.integration,
            before=before,
            after=_described(group),
        )
    return group


def _described(group: models.FailureGroup) -> JsonObject:
    return {
        "assigned_to": str(group.assigned_to) if group.assigned_to else None,
        "snoozed_until": _written(group.snoozed_until),
        "resolved_at": _written(group.resolved_at),
        "note": group.note,
    }


def _written(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None
