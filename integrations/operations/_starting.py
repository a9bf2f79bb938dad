"""What is asked of every run before it starts, and how it gets into the queue, however it is started."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integrations import conf, models
from integrations.connectors.redaction import Redactor
from integrations.definitions import truncation
from integrations.definitions.feature import Feature
from integrations.errors import DefinitionError, InvalidInput, Problem
from integrations.operations import _deduplication, _dispatch, _lanes, _opening
from integrations.operations._queue_room import ROOM
from integrations.operations._recent import Stamp
from integrations.operations.actors import Actor, user_of
from integrations.types import Json, JsonObject

#: Shorter secrets are common words too often to refuse every input that holds them.
_SHORTEST_PASTED_SECRET = 8


class UnfitInput(InvalidInput):
    """The input cannot be kept with a run, whatever is to take it."""


def require_bindings(environment: models.Environment, access_tags: Iterable[str]) -> None:
    """Do nothing when the environment binds all these apps.

    Raises:
        DefinitionError: naming those that it does not.
    """
    bound = set(environment.bindings.values_list("connected_app__access_tag", flat=True))
    missing = sorted(set(access_tags) - bound)
    if missing:
        raise DefinitionError(
            Problem(f"connected_apps/{tag}/envs", f'not bound in environment "{environment.slug}"', "bind it first")
            for tag in missing
        )


def refuse_unfit(values: Json, environment: models.Environment, stamp: Stamp) -> None:
    """Do nothing unless the input cannot be kept: it is too large, or holds a secret.

    Raises:
        UnfitInput
    """
    refuse_large(values)
    _refuse_secrets(values, environment, stamp)


def refuse_large(values: Json) -> None:
    """Do nothing unless the input is larger than it may be; unlike a result it cannot be truncated: the run reads it.

    Raises:
        UnfitInput
    """
    cap = conf.input_cap_bytes()
    size = truncation.size_beyond(values, cap_bytes=cap)
    if size is not None:
        hint = "send less, such as a link to it, or raise DUCTAPE_INPUT_CAP_BYTES"
        raise UnfitInput([Problem("input", f"it is {size} bytes long and may have {cap}", hint)])


def _refuse_secrets(values: Json, environment: models.Environment, stamp: Stamp) -> None:
    """Do nothing unless a stored secret was pasted into the input, which is kept and shown.

    Raises:
        UnfitInput
    """
    opened = _opening.open_for(environment, stamp)
    redactor = Redactor(text for text in opened.texts if len(text) >= _SHORTEST_PASTED_SECRET)
    if redactor.json(values) != values:
        hint = "use $Secret{key} in the feature, or an auth, instead"
        raise UnfitInput([Problem("input", "it holds a secret, which would be stored and shown with the run", hint)])


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
        key = _deduplication.lock(feature=feature, environment=environment, definition=definition, input=values)
    if key is not None and key.run is not None:
        key.run.is_deduplicated = True
        return key.run
    ROOM.enter(environment.integration_id)
    if feature is not None:
        lane = _lanes.columns(definition, feature_id=feature.pk, environment_id=environment.pk)
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
        key.hold(run)
    _dispatch.announce([run.pk])
    return run
