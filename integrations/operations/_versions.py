"""Freezes what is saved of a function or feature as its next version."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from integrations.operations import _audit
from integrations.operations.actors import Actor, user_of


def freeze(row: Any, *, by: Actor, reason: str, **frozen: Any) -> Any:
    """Return the row's latest version, made now if what is saved differs from it.

    `row` is a function or feature; `frozen` is what its version holds beside the definition.
    """
    definition = row.to_definition()
    latest = row.latest_version()
    if latest is not None and latest.to_definition() == definition:
        return latest
    with transaction.atomic():
        version = row.versions.create(
            number=latest.number + 1 if latest else 1,
            definition=definition.to_compact_dict(),
            created_by=user_of(by),
            reason=reason,
            **frozen,
        )
        _audit.write(
            "publish",
            kind=row._meta.model_name,
            tag=row.tag,
            by=by,
            integration=row.integration,
            after={"version": version.number},
            reason=reason,
        )
        row.integration.touch()
    return version
