"""Rewrites what refers to a definition whose tag changes, in the transaction of that change."""

from __future__ import annotations

from typing import Any

from integrations import models
from integrations.definitions import checking
from integrations.operations import _versions
from integrations.operations.actors import Actor


def rewrite(integration: models.Integration, *, kind: str, old: str, new: str, by: Actor) -> None:
    """Make every feature, job and cache that refers to `old` refer to `new`; a published feature is published again."""
    kinds: tuple[Any, ...] = (models.Feature, models.Job, models.Cache)
    for model in kinds:
        for row in model.objects.for_integration(integration).with_definition():
            before = row.to_definition()
            after = checking.rename_references(before, kind, old, new)
            if after != before:
                row.apply(after)
                row.save()
                _publish_again(row, f"{kind} {old} is now called {new}", by)


def _publish_again(row: models.DefinitionModel[Any], reason: str, by: Actor) -> None:
    if isinstance(row, models.Feature) and row.versions.exists():
        _versions.freeze(row, by=by, reason=reason)
