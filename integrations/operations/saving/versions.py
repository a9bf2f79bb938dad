"""Freezes what is saved of a function or feature as its next version."""

from __future__ import annotations

from typing import Any

from integrations.actors import Actor, user_of
from integrations.definitions.values.equality import json_equal
from integrations.operations import _audit
from integrations.operations._transactions import all_or_nothing, lock


def freeze(row: Any, *, by: Actor, reason: str, definition: Any = None, **frozen: Any) -> Any:
    """Return the row's latest version, made now if what is saved differs from it.

    `row` is a function or feature; `definition` stands in for what is saved; `frozen` is what its version holds beside
    the definition.
    """
    definition = definition or row.to_definition()
    with all_or_nothing():
        lock(row.integration)
        latest = row.latest_version()
        if latest is not None and json_equal(latest.definition, definition.to_compact_dict()):
            return latest
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
