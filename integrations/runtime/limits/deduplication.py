"""Deduplicates starts: equal keys of one feature in one environment start one run within a window.

The window begins with the run that was started, and counts however that run ends: to try a failed one again, replay it,
or use another key. The window is that of the version which started the run.
"""

from __future__ import annotations

import datetime as dt
import hashlib

from integrations import models, strict_json
from integrations.definitions.feature import Feature
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
        """The run that was started with the key, or None when the next start is a new run."""
        return self._row.run if self._row.expires_at > self._now else None

    def assign(self, run: models.Run) -> None:
        """Store that the run was started with the key."""
        self._row.run, self._row.expires_at = run, self._now + self._window
        self._row.save(update_fields=["run", "expires_at"])


def lock(
    *, feature: models.Feature, environment: models.Environment, definition: Feature, input: JsonObject
) -> Key | None:
    """Return the key of a start with this input, None for a feature that does not deduplicate; in a transaction.

    Another start with an equal key waits here until the transaction ends.

    Raises:
        InvalidInput: the key reads something that the input does not have.
    """
    deduplicate = definition.deduplicate
    if deduplicate is None:
        return None
    try:
        key = resolve(parse_template(deduplicate.key), Values(input=input))
    except ResolveError as error:
        raise InvalidInput([Problem("deduplicate/key", str(error))]) from None
    digest = hashlib.sha256(strict_json.canonical(key).encode()).hexdigest()
    now = clock.now()
    row = models.StartKey.objects.lock_or_create(
        feature=feature, environment=environment, digest=digest, defaults={"expires_at": now}
    )
    return Key(row, now=now, window_seconds=deduplicate.window)
