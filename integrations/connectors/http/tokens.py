"""Tokens that are fetched: kept in memory until they expire, fetched once however many ask at the same time."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from integrations.clock import Clock
from integrations.errors import ConnectorError
from integrations.types import Json

#: A token this close to its end is fetched anew, so that it does not expire on the way.
_MARGIN = dt.timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Token:
    """A token response and when it ends; None is when the API refuses it."""

    response: Json = field(repr=False)
    fetched_at: dt.datetime
    expires_at: dt.datetime | None

    def is_fresh(self, now: dt.datetime) -> bool:
        if self.expires_at is None:
            return True
        margin = min(_MARGIN, (self.expires_at - self.fetched_at) / 10)
        return now < self.expires_at - margin


#: Takes the token response that is replaced (None if there is none), and gives the new one and when it ends.
Fetch = Callable[[Json], Awaitable[tuple[Json, dt.datetime | None]]]


@dataclass(slots=True)
class _Slot:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    token: Token | None = None
    #: How many fetches have failed, and the last one's error: whoever waited for that fetch gets it too.
    failures: int = 0
    error: ConnectorError | None = None

    @property
    def response(self) -> Json:
        return self.token.response if self.token else None

    def holds(self, now: dt.datetime, *, stale: Json) -> bool:
        """Return whether there is a token to hand out."""
        if self.token is None or not self.token.is_fresh(now):
            return False
        return stale is None or self.token.response != stale

    async def renew(self, fetch: Fetch, now: dt.datetime) -> None:
        try:
            response, expires_at = await fetch(self.response)
        except ConnectorError as error:
            self.failures, self.error = self.failures + 1, error
            raise
        self.token = Token(response, now, expires_at)


class TokenCache:
    """Tokens by key, for one event loop. They are never written anywhere: a new process logs in again."""

    def __init__(self, *, clock: Clock, most: int = 10_000) -> None:
        self._clock = clock
        self._most = most
        self._slots: dict[str, _Slot] = {}

    async def get(self, key: str, *, fetch: Fetch, stale: Json = None) -> Json:
        """Return the token response kept under `key`, or what `fetch` gives; one that equals `stale` was refused.

        A fetch that fails fails for all who waited for it, since many wrong logins lock an account. The next to ask
        tries again.
        """
        slot = self._slot(key)
        failures = slot.failures
        async with slot.lock:
            if slot.error is not None and slot.failures != failures:
                raise slot.error
            now = self._clock.now()
            if not slot.holds(now, stale=stale):
                await slot.renew(fetch, now)
            return slot.response

    def _slot(self, key: str) -> _Slot:
        if key not in self._slots and len(self._slots) >= self._most:
            self._slots = {key: slot for key, slot in self._slots.items() if slot.lock.locked()}
        return self._slots.setdefault(key, _Slot())
