"""Puts a run into the queue."""

from __future__ import annotations

from typing import Any

from integrations import models
from integrations.actors import Actor, user_of
from integrations.definitions.feature import Feature
from integrations.runtime.dispatch import announcing
from integrations.runtime.limits import deduplication, lanes
from integrations.runtime.limits.queue_cap import QUEUE_CAP
from integrations.types import JsonObject


def queue(
    definition: Feature,
    values: JsonObject,
    *,
    feature: models.Feature | None,
    environment: models.Environment,
    release: models.Release,
    trigger: models.Run.Trigger,
    by: Actor,
    **columns: Any,
) -> models.Run:
    """Return the run, queued within the transaction that this is called in; or the one that stands for an equal key.

    `feature` is None for what a job calls by itself, which has no limits of its own.

    Raises:
        Busy: the queue is full.
    """
    key, lane = None, {}
    if feature is not None:
        key = deduplication.lock(feature=feature, environment=environment, definition=definition, input=values)
    if key is not None and key.run is not None:
        key.run.is_deduplicated = True
        return key.run
    QUEUE_CAP.admit(environment.integration_id)
    if feature is not None:
        lane = lanes.columns(definition, feature_id=feature.pk, environment_id=environment.pk)
    run = models.Run.objects.create(
        feature=feature,
        environment=environment,
        release=release,
        feature_version_id=release.feature_version_id,
        trigger=trigger,
        input=values,
        created_by=user_of(by),
        store_event_results=definition.store_event_results,
        **{**lane, **columns},
    )
    if key is not None:
        key.assign(run)
    announcing.announce([run.pk])
    return run
