"""Keeps the results of an event that names a cache: the same call with the same input is made once in that time."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib

from integrations import strict_json
from integrations.engine.calls import Call
from integrations.engine.execution import Execution
from integrations.engine.failures import FAILURES
from integrations.engine.ports import CacheAnswer, ResultCache
from integrations.engine.recording import Turn
from integrations.engine.secrecy import holds_redacted
from integrations.engine.signals import Awaiting
from integrations.engine.step import Step
from integrations.types import Json

#: How often it is looked whether another run has filled the cache, in seconds.
_LOOK_SECONDS = 0.15
#: How long another run is waited for; then this one calls itself. Half an event's timeout, if that is shorter.
_PATIENCE_SECONDS = 30.0


async def make(turn: Turn, call: Call) -> Json:
    """Return the result of a turn's prepared call, or the one that its cache holds; `call.reason` says which.

    Raises what the call does, and `Awaiting` while another run takes longer to fill the cache than one may wait here.
    """
    cache, results = turn.step.planned.event.cache, turn.execution.context.result_cache
    if cache is None or results is None or not call.may_be_cached:
        return await call.make()
    key = await _key(turn.execution, turn.step, call, cache)
    return await _CachedCall(turn, call, results, cache=cache, key=key).make()


async def _key(execution: Execution, step: Step, call: Call, cache: str) -> str:
    """Return the hash of all that the result depends on. One way: an input may hold secrets."""
    run = execution.context.run
    parts: Json = [
        run.integration,
        run.environment_slug,
        cache,
        [step.key.sequence, step.planned.event.tag],
        call.identity(),
        await call.identifying_input(),
    ]
    return hashlib.sha256(strict_json.canonical(parts).encode()).hexdigest()


class _CachedCall:
    def __init__(self, turn: Turn, call: Call, results: ResultCache, *, cache: str, key: str) -> None:
        self.turn, self.execution, self.call = turn, turn.execution, call
        self.results, self.cache, self.key = results, cache, key
        self.filler = f"{self.execution.context.run.id} {turn.step.key.place(1)}"
        self.has_waited = False

    async def make(self) -> Json:
        answer = await self._answer()
        self.has_waited = self.has_waited or (self.turn.was_parked and answer.status != "fill")
        if answer.status == "hit":
            at = f", stored at {answer.stored_at.isoformat(timespec='seconds')}" if answer.stored_at else ""
            self._explain(f'served from cache "{self.cache}"{at}')
            return answer.value
        if answer.status == "fill":
            return await self._fill()
        result = await self.call.make()
        self._explain(
            f'cache "{self.cache}" was {"being filled for too long" if answer.status == "filling" else "not available"}'
        )
        return result

    async def _answer(self) -> CacheAnswer:
        """Return what the cache says once no other run fills it, or when that takes too long.

        Raises:
            Awaiting: it takes longer than an execution may wait. It is then looked again after as long again.
        """
        clock, longest = self.execution.context.clock, self.execution.context.longest_inline_wait_seconds
        while True:
            answer = await self._look()
            waited = (clock.now() - self.turn.started_at).total_seconds()
            left = self._patience_seconds() - waited
            if answer.status != "filling" or left <= 0:
                return answer
            if waited >= longest:
                reason = f'waits for another run to fill cache "{self.cache}"'
                raise Awaiting(reason, due_at=clock.now() + dt.timedelta(seconds=min(max(waited, _LOOK_SECONDS), left)))
            self.has_waited = True
            await clock.sleep(_LOOK_SECONDS)

    async def _look(self) -> CacheAnswer:
        try:
            return await self.results.look(self.key, cache=self.cache, filler=self.filler)
        except asyncio.CancelledError:  # it may have been told to fill, and does not hear it any more
            self._release()
            raise

    def _patience_seconds(self) -> float:
        timeout = self.turn.step.planned.event.timeout
        return min(_PATIENCE_SECONDS, timeout / 2) if timeout else _PATIENCE_SECONDS

    async def _fill(self) -> Json:
        """Make the result and keep it. Whoever is parked on the way goes on filling: another one would wait as long."""
        try:
            result = await self.call.make()
        except (*FAILURES, asyncio.CancelledError):
            self._release()
            raise
        refused = await self._store(result)
        kept = f'not kept in cache "{self.cache}", since {refused}' if refused else f'stored in cache "{self.cache}"'
        self._explain(kept)
        return result

    async def _store(self, result: Json) -> str:
        """Keep the result for other runs, and return why not, or ""."""
        if self._holds_secret(result):
            self._release()
            return "it holds a secret"
        return await self.results.store(self.key, result, cache=self.cache, filler=self.filler)

    def _release(self) -> None:
        self.results.abandon(self.key, filler=self.filler)

    def _holds_secret(self, result: Json) -> bool:
        return self.execution.secrecy.json(result) != result or holds_redacted(result)

    def _explain(self, reason: str) -> None:
        waited = "waited for another run to fill the cache" if self.has_waited else ""
        self.call.reason = "; ".join(filter(None, (self.call.reason, waited, reason)))
