"""Starts once what is asked for several times: equal keys of one feature in one environment, within its window.

The window begins with the run that was started, and counts however that run ends: whoever wants to try a failed one
again replays it, or puts what makes it another one into the key. The window is that of the version which started it.
"""

from __future__ import annotations

import datetime as dt
import hashlib

from integrations import models, strict_json
from integrations.definitions.feature import Deduplication, Feature
from integrations.definitions.references import parse_template
from integrations.engine.resolver import ResolveError, Values, resolve
from integrations.errors import InvalidInput, Problem
from integrations.runtime.db import clock
from integrations.types import JsonObject


class Key:
    """A start key, locked until the transaction ends."""

    def __init__(self, row: models.StartKey, *, now: dt.datetime, window_seconds: float) -> None:
        self._row, self._now = row, now
        self._window = dt.timedelta(seconds=window_seconds)

    @property
    def run(self) -> models.Run | None:
        """The run that stands for the key, or None when the next one is new."""
        return self._row.run if self._row.expires_at > self._now else None

    def hold(self, run: models.Run) -> None:
        self._row.run, self._row.expires_at = run, self._now + self._window
        self._row.save(update_fields=["run", "expires_at"])


def lock(
    *, feature: models.Feature, environment: models.Environment, definition: Feature, input: JsonObject
) -> Key | None:
    """Return the key of a start with this input, None for a feature that does not deduplicate; in a transaction.

    Whoever starts with an equal key meanwhile waits here until the transaction ends.

    Raises:
        InvalidInput: the key reads something that the input does not have.
    """
    deduplicate = definition.deduplicate
    if deduplicate is None:
        return None
    now = clock.now()
    whose = {"feature": feature, "environment": environment, "digest": _digest(deduplicate, input)}
    return Key(_locked(whose, now), now=now, window_seconds=deduplicate.window)


def _locked(whose: dict[str, object], now: dt.datetime) -> models.StartKey:
    row: models.StartKey | None = None
    # Twice when housekeeping deletes an expired row between the two statements.
    while row is None:
        models.StartKey.objects.bulk_create([models.StartKey(**whose, expires_at=now)], ignore_conflicts=True)
        row = models.StartKey.objects.select_for_update().filter(**whose).first()
    return row


def _digest(deduplicate: Deduplication, input: JsonObject) -> str:
    try:
        key = resolve(parse_template(deduplicate.key), Values(input=input))
    except ResolveError as error:
        raise InvalidInput([Problem("deduplicate/key", str(error))]) from None
    return hashlib.sha256(strict_json.canonical(key).encode()).hexdigest()
