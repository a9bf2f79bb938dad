from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from integrations.connectors.http.errors import AuthFailed
from integrations.connectors.http.tokens import Token, TokenCache
from integrations.types import Json
from tests.fakes.clock import START, FakeClock

pytestmark = pytest.mark.anyio


class Logins:
    """Gives one token after the other, and remembers what each of them replaced."""

    def __init__(self, *, lifetime_seconds: float | None = None, failing: int = 0) -> None:
        self.lifetime_seconds = lifetime_seconds
        self.failing = failing
        self.replaced: list[Json] = []

    async def __call__(self, replaced: Json) -> tuple[Json, dt.datetime | None]:
        self.replaced.append(replaced)
        await asyncio.sleep(0.01)
        if len(self.replaced) <= self.failing:
            raise AuthFailed("the password is wrong")
        lifetime = self.lifetime_seconds
        ends = None if lifetime is None else START + dt.timedelta(seconds=lifetime)
        return {"token": len(self.replaced)}, ends


async def test_token_without_an_end_is_kept() -> None:
    clock, logins = FakeClock(), Logins()
    cache = TokenCache(clock=clock)

    first = await cache.get("key", fetch=logins)
    clock.advance(10**9)

    assert (first, await cache.get("key", fetch=logins)) == ({"token": 1}, {"token": 1})


@pytest.mark.parametrize(
    ("lifetime", "passed", "is_kept"), [(3600, 3589, True), (3600, 3590, False), (50, 44, True), (50, 45, False)]
)
async def test_token_is_fetched_anew_shortly_before_its_end(lifetime: float, passed: float, is_kept: bool) -> None:
    clock, logins = FakeClock(), Logins(lifetime_seconds=lifetime)
    cache = TokenCache(clock=clock)

    await cache.get("key", fetch=logins)
    clock.advance(passed)
    await cache.get("key", fetch=logins)

    assert len(logins.replaced) == (1 if is_kept else 2)


async def test_fifty_at_the_same_time_share_one_fetch() -> None:
    cache, logins = TokenCache(clock=FakeClock()), Logins()

    tokens = await asyncio.gather(*(cache.get("key", fetch=logins) for _ in range(50)))

    assert tokens == [{"token": 1}] * 50
    assert len(logins.replaced) == 1


async def test_fifty_that_were_refused_the_same_token_share_one_fetch() -> None:
    cache, logins = TokenCache(clock=FakeClock()), Logins()
    refused = await cache.get("key", fetch=logins)

    tokens = await asyncio.gather(*(cache.get("key", fetch=logins, stale=refused) for _ in range(50)))

    assert tokens == [{"token": 2}] * 50
    assert logins.replaced == [None, {"token": 1}]


async def test_failed_fetch_fails_for_all_who_waited_and_is_not_kept() -> None:
    cache, logins = TokenCache(clock=FakeClock()), Logins(failing=1)

    errors = await asyncio.gather(*(cache.get("key", fetch=logins) for _ in range(50)), return_exceptions=True)

    assert {type(error) for error in errors} == {AuthFailed}
    assert len(logins.replaced) == 1
    assert await cache.get("key", fetch=logins) == {"token": 2}


async def test_failed_renewal_keeps_what_it_was_to_replace_for_the_next_one() -> None:
    cache, logins = TokenCache(clock=FakeClock()), Logins()
    refused = await cache.get("key", fetch=logins)
    logins.failing = 2
    with pytest.raises(AuthFailed):
        await cache.get("key", fetch=logins, stale=refused)

    renewed = await cache.get("key", fetch=logins, stale=refused)

    assert renewed == {"token": 3}
    assert logins.replaced == [None, {"token": 1}, {"token": 1}]


async def test_fetch_that_is_cancelled_leaves_it_to_the_next_who_waits() -> None:
    cache, logins = TokenCache(clock=FakeClock()), Logins()
    first = asyncio.create_task(cache.get("key", fetch=logins))
    second = asyncio.create_task(cache.get("key", fetch=logins))
    await asyncio.sleep(0)

    first.cancel()

    assert await second == {"token": 2}


async def test_null_is_a_token_response_like_any_other() -> None:
    calls = 0

    async def fetch(_replaced: Json) -> tuple[Json, dt.datetime | None]:
        nonlocal calls
        calls += 1
        return None, None

    cache = TokenCache(clock=FakeClock())
    await cache.get("key", fetch=fetch)
    await cache.get("key", fetch=fetch)

    assert calls == 1


async def test_full_cache_makes_room_and_keeps_what_is_being_fetched() -> None:
    cache, slow, other = TokenCache(clock=FakeClock(), most=1), Logins(), Logins()
    fetching = asyncio.create_task(cache.get("slow", fetch=slow))
    await asyncio.sleep(0)

    await cache.get("other", fetch=other)
    await asyncio.gather(fetching, cache.get("slow", fetch=slow))

    assert len(slow.replaced) == 1


def test_token_is_not_printed() -> None:
    token = Token({"access_token": "hush-hush"}, START, None)

    assert "hush" not in repr(token)
