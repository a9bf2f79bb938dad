"""Keeps results for other runs: fulfils `engine.ports.ResultCache`, with one row for each result."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar, cast

from django.db import DatabaseError, transaction

from integrations import conf, models
from integrations.definitions import periods, truncation
from integrations.definitions.cache import Period
from integrations.engine.ports import CacheAnswer
from integrations.runtime.db import clock
from integrations.runtime.execution.recorder import RunRecorder
from integrations.types import Json

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
#: How long other runs leave it to a step to make a result.
FILLING = dt.timedelta(seconds=30)
_UNAVAILABLE = CacheAnswer(status="unavailable")


class ResultCache:
    """Reads and writes in the database's thread; an error of these tables is a miss, and ends nothing else."""

    def __init__(self, run: models.Run, recorder: RunRecorder) -> None:
        self._run, self._recorder = run, recorder

    async def look(self, key: str, *, cache: str, filler: str) -> CacheAnswer:
        look = self._safely(partial(self._looked, key, cache, filler), otherwise=_UNAVAILABLE)
        return await self._recorder.ask(look, locks=_locks(key))

    async def store(self, key: str, value: Json, *, cache: str, filler: str) -> str:
        store = self._safely(partial(self._stored, key, value, cache, filler), otherwise="the cache is not available")
        return await self._recorder.ask(store, locks=_locks(key))

    def abandon(self, key: str, *, filler: str) -> None:
        self._recorder.tell(self._safely(partial(_abandoned, key, filler), otherwise=None), locks=_locks(key))

    def _safely(self, ask: Callable[[], Answer], *, otherwise: Answer) -> Callable[[], Answer]:
        def ask_safely() -> Answer:
            try:
                with transaction.atomic():
                    return ask()
            except DatabaseError:
                logger.exception("A cache failed", extra={"action": "cache_failed", "run": str(self._run.pk)})
                return otherwise

        return ask_safely

    def _looked(self, key: str, tag: str, filler: str) -> CacheAnswer:
        now = clock.now()
        if (hit := _hit(key, now)) is not None:
            return hit
        cache = self._cache(tag)
        if cache is None:
            return _UNAVAILABLE
        entry = models.CacheEntry(cache=cache, environment_id=self._run.environment_id, key=key)
        models.CacheEntry.objects.bulk_create([entry], ignore_conflicts=True)
        own_entry = models.CacheEntry.objects.filter(key=key).to_fill(now, filler)
        if own_entry.update(filling_by=filler, filling_until=now + FILLING):
            return CacheAnswer(status="fill")
        # Another run may have stored it between the two statements.
        return _hit(key, now) or CacheAnswer(status="filling")

    def _stored(self, key: str, value: Json, tag: str, filler: str) -> str:
        cap = conf.payload_cap_bytes()
        size = truncation.size_beyond(value, cap_bytes=cap)
        if size is not None:
            _abandoned(key, filler)
            return f"it is {size} bytes long and DUCTAPE_PAYLOAD_CAP_BYTES is {cap}"
        now, cache = clock.now(), self._cache(tag)
        if cache is None:
            return "the cache was deleted"
        expires_at = periods.after(now, count=cache.expiry, period=cast("Period", cache.period))
        own_entry = models.CacheEntry.objects.filter(key=key, filling_by=filler)
        stored = own_entry.update(value=value, stored_at=now, expires_at=expires_at, filling_by="", filling_until=None)
        return "" if stored else "another step fills it now"

    def _cache(self, tag: str) -> models.Cache | None:
        """Return the cache as it is now: a changed expiry counts for what is stored from then on."""
        return models.Cache.objects.filter(integration=self._run.integration_id, tag=tag).first()


def _locks(key: str) -> str:
    return f"cache {key}"


def _hit(key: str, now: dt.datetime) -> CacheAnswer | None:
    entry = models.CacheEntry.objects.fresh(now).filter(key=key).first()
    return None if entry is None else CacheAnswer(status="hit", value=entry.value, stored_at=entry.stored_at)


def _abandoned(key: str, filler: str) -> None:
    models.CacheEntry.objects.filter(key=key, filling_by=filler).update(filling_by="", filling_until=None)
