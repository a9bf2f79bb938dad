"""Keeps the results of an event that names a cache: the same call with the same input is made once in that time."""

from __future__ import annotations

import hashlib

from integrations import strict_json
from integrations.engine.calls import Call
from integrations.engine.execution import Execution
from integrations.engine.failures import FAILURES
from integrations.engine.ports import CacheAnswer, ResultCache
from integrations.engine.secrecy import holds_redacted
from integrations.engine.step import Step
from integrations.types import Json

#: How often it is looked whether another run has filled the cache, in seconds.
_LOOK_SECONDS = 0.15
#: How long another run is waited for; then this one calls itself. Half an event's timeout, if that is shorter.
_PATIENCE_SECONDS = 30.0


async def make(execution: Execution, step: Step, call: Call) -> Json:
    """Return the result of a prepared call, or the one that its cache holds; `call.reason` says which. Raises as it."""
    cache, results = step.planned.event.cache, execution.context.result_cache
    if cache is None or results is None or not call.may_be_cached:
        return await call.make()
    key = await _key(execution, step, call, cache)
    return await _CachedCall(execution, step, call, results, cache=cache, key=key).make()


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
    def __init__(
        self, execution: Execution, step: Step, call: Call, results: ResultCache, *, cache: str, key: str
    ) -> None:
        self.execution, self.step, self.call = execution, step, call
        self.results, self.cache, self.key = results, cache, key
        self.filler = f"{execution.context.run.id} {step.key.place(1)}"
        self.has_waited = False

    async def make(self) -> Json:
        answer = await self._answer()
        if answer.status == "hit":
            at = f", stored at {answer.stored_at.isoformat(timespec='seconds')}" if answer.stored_at else ""
            self._explain(f'served from cache "{self.cache}"{at}')
            return answer.value
        if answer.status == "fill":
            return await self._fill()
        result = await self.call.make()
        self._explain(f'cache "{self.cache}" was {"being filled for too long" if self.has_waited else "not available"}')
        return result

    async def _answer(self) -> CacheAnswer:
        """Return what the cache says once no other run fills it, or when that takes too long."""
        clock = self.execution.context.clock
        timeout = self.step.planned.event.timeout
        give_up_at = clock.monotonic() + min(_PATIENCE_SECONDS, timeout / 2 if timeout else _PATIENCE_SECONDS)
        while True:
            answer = await self.results.look(self.key, cache=self.cache, filler=self.filler)
            if answer.status != "filling" or clock.monotonic() >= give_up_at:
                return answer
            self.has_waited = True
            await clock.sleep(_LOOK_SECONDS)

    async def _fill(self) -> Json:
        try:
            result = await self.call.make()
        except FAILURES:
            await self.results.release(self.key, filler=self.filler)
            raise
        refused = await self._store(result)
        kept = f'not kept in cache "{self.cache}", since {refused}' if refused else f'stored in cache "{self.cache}"'
        self._explain(kept)
        return result

    async def _store(self, result: Json) -> str:
        """Keep the result for other runs, and return why not, or ""."""
        if self._holds_secret(result):
            await self.results.release(self.key, filler=self.filler)
            return "it holds a secret"
        return await self.results.store(self.key, result, cache=self.cache, filler=self.filler)

    def _holds_secret(self, result: Json) -> bool:
        return self.execution.secrecy.json(result) != result or holds_redacted(result)

    def _explain(self, reason: str) -> None:
        waited = "waited for another run to fill the cache" if self.has_waited else ""
        self.call.reason = "; ".join(filter(None, (self.call.reason, waited, reason)))
