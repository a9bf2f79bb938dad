"""Rewrites what refers to a definition whose tag changes, in the transaction of that change."""

from __future__ import annotations

from typing import Any

from integrations import models
from integrations.actors import Actor
from integrations.definitions import checking
from integrations.operations.saving import versions


def rewrite(integration: models.Integration, *, kind: str, old: str, new: str, by: Actor) -> None:
    """Make every feature, job and cache that refers to `old` refer to `new`, and every version that runs."""
    kinds: tuple[Any, ...] = (models.Feature, models.Job, models.Cache)
    for model in kinds:
        for row in model.objects.for_integration(integration).with_definition():
            before = row.to_definition()
            after = checking.rename_references(before, kind, old, new)
            if after != before:
                row.apply(after)
                row.save()
            if isinstance(row, models.Feature):
                _publish_renamed(row, kind=kind, old=old, new=new, by=by)


def _publish_renamed(feature: models.Feature, *, kind: str, old: str, new: str, by: Actor) -> None:
    """Publish what runs of the feature once more under the new name; a draft beside it stays a draft."""
    version = feature.latest_version()
    if version is None:
        return
    before = version.to_definition()
    after = checking.rename_references(before, kind, old, new)
    if after != before:
        versions.freeze(feature, by=by, reason=f"{kind} {old} is now called {new}", definition=after)
