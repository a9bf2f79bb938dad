"""Writes the append-only audit record of an operation; called inside the operation's own transaction."""

from __future__ import annotations

from integrations import models
from integrations.actors import Actor, user_of
from integrations.definitions.values.equality import json_equal
from integrations.types import Json, JsonObject


def write(
    verb: str,
    *,
    kind: str,
    tag: str,
    by: Actor,
    integration: models.Integration | None = None,
    before: JsonObject | None = None,
    after: JsonObject | None = None,
    reason: str = "",
) -> None:
    """Record who did what. `before` and `after` are masked definitions; only what differs is kept."""
    models.AuditRecord.objects.create(
        by=user_of(by),
        action=verb,
        kind=kind,
        tag=tag,
        integration=integration,
        integration_tag=integration.tag if integration else "",
        changes=differences(before or {}, after or {}),
        reason=reason,
    )


def differences(before: JsonObject, after: JsonObject) -> dict[str, Json]:
    """Return `{field: {"from": …, "to": …}}` for every top-level field that is not the same; 0 is not false."""
    return {
        key: {"from": before.get(key), "to": after.get(key)}
        for key in sorted({*before, *after})
        if not json_equal(before.get(key), after.get(key))
    }
