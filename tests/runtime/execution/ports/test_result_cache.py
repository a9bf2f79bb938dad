from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import pytest
from django.db import connection
from pytest_django import Settings

from integrations import models
from integrations.actors import SYSTEM
from integrations.engine.ports import CacheAnswer
from integrations.errors import NotFound, PermissionRefused
from integrations.operations import caches, runs
from integrations.runtime.db import clock as db_clock
from integrations.runtime.execution import event_loop
from integrations.runtime.execution.driver import Driver
from integrations.runtime.execution.ports.result_cache import FILLING, ResultCache
from integrations.runtime.execution.recorder import RunRecorder
from integrations.runtime.queue import claiming
from tests.factories import CacheFactory, RunFactory
from tests.fakes.clock import FakeClock
from tests.fakes.recorder import RecorderAtOnce, finished
from tests.scenes.limited import at_once
from tests.scenes.nesting import PAUSE, calling, made_of, make_nest, start
from tests.scenes.scene import last_audit, person, put

pytestmark = pytest.mark.django_db

KEY = "a" * 64
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock(NOON)
    monkeypatch.setattr(db_clock, "now", clock.now)
    return clock


class Shelf:
    """One cache as some runs see it."""

    def __init__(self, **cache: Any) -> None:
        self.row = CacheFactory.create(tag="hourly", **{"expiry": 1, "period": "hours", **cache})
        run = RunFactory.create(release__feature_version__feature__integration=self.row.integration)
        self.results = ResultCache(run, cast("RunRecorder", RecorderAtOnce()))

    def look(self, filler: str = "one", *, cache: str = "hourly") -> CacheAnswer:
        return finished(self.results.look(KEY, cache=cache, filler=filler))

    def store(self, value: Any, filler: str = "one") -> bool:
        return self.why_not(value, filler) == ""

    def why_not(self, value: Any, filler: str = "one") -> str:
        return finished(self.results.store(KEY, value, cache="hourly", filler=filler))

    def abandon(self, filler: str = "one") -> None:
        self.results.abandon(KEY, filler=filler)


def fail(*_: object, **__: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM there_is_no_such_table")


def test_result_is_kept_until_it_expires(now: FakeClock) -> None:
    shelf = Shelf()

    assert shelf.look().status == "fill"
    assert shelf.store({"n": 1})
    now.advance(3599)
    assert shelf.look("two") == CacheAnswer(status="hit", value={"n": 1}, stored_at=NOON)

    now.advance(1)
    assert shelf.look("two").status == "fill"


def test_result_is_kept_for_calendar_months(now: FakeClock) -> None:
    shelf = Shelf(expiry=1, period="months")
    shelf.look()
    shelf.store(1)

    assert models.CacheEntry.objects.get().expires_at == dt.datetime(2026, 2, 28, 12, tzinfo=dt.UTC)


def test_changed_expiry_counts_for_what_is_stored_from_then_on(now: FakeClock) -> None:
    shelf = Shelf()
    shelf.look()
    caches.update(integration=shelf.row.integration, tag="hourly", changes={"period": "days"}, by=SYSTEM)

    shelf.store(1)

    assert models.CacheEntry.objects.get().expires_at == NOON + dt.timedelta(days=1)


def test_others_leave_it_to_whoever_fills_until_that_takes_too_long(now: FakeClock) -> None:
    shelf = Shelf()
    shelf.look("one")

    assert shelf.look("two").status == "filling"
    assert shelf.look("one").status == "fill"

    now.advance(FILLING.total_seconds())
    assert shelf.look("two").status == "fill"
    assert not shelf.store("late", "one")
    assert shelf.store("in time", "two")
    assert shelf.look("one").value == "in time"


def test_released_entry_is_filled_by_the_next(now: FakeClock) -> None:
    shelf = Shelf()
    shelf.look("one")

    shelf.abandon("one")

    assert shelf.look("two").status == "fill"
    shelf.abandon("one")  # not its own any more
    assert shelf.look("one").status == "filling"


def test_result_of_null_is_kept(now: FakeClock) -> None:
    shelf = Shelf()
    shelf.look()
    shelf.store(None)

    assert shelf.look("two") == CacheAnswer(status="hit", value=None, stored_at=NOON)


def test_cache_that_was_deleted_is_a_miss(now: FakeClock) -> None:
    assert Shelf().look(cache="gone").status == "unavailable"


def test_fault_of_the_tables_is_a_miss_and_breaks_nothing_off(now: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()

    monkeypatch.setattr("integrations.runtime.execution.ports.result_cache._hit", fail)
    assert shelf.look().status == "unavailable"
    assert models.Cache.objects.count() == 1  # the transaction goes on


def test_result_that_is_too_large_is_not_kept_and_leaves_the_next_step_to_make_it(
    now: FakeClock, settings: Settings
) -> None:
    settings.DUCTAPE_PAYLOAD_CAP_BYTES = 1024
    shelf = Shelf()
    shelf.look()

    assert shelf.why_not("x" * 1022) == ""
    now.advance(3600)
    shelf.look()
    assert shelf.why_not("x" * 1023) == "it is 1025 bytes long and DUCTAPE_PAYLOAD_CAP_BYTES is 1024"
    assert shelf.look("two").status == "fill"


def test_result_that_is_not_kept_says_why(now: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    shelf.look()

    assert shelf.why_not(1, "two") == "another step fills it now"
    models.Cache.objects.all().delete()
    assert shelf.why_not(1) == "the cache was deleted"
    monkeypatch.setattr("integrations.definitions.truncation.size_beyond", fail)
    assert shelf.why_not(1) == "the cache is not available"


def test_clearing_forgets_what_one_cache_holds(now: FakeClock) -> None:
    shelf = Shelf()
    shelf.look()
    shelf.store(1)

    assert caches.clear(integration=shelf.row.integration, tag="hourly", by=SYSTEM) == 1

    assert shelf.look().status == "fill"
    record = last_audit()
    assert (record.action, record.kind, record.tag, record.reason) == ("clear", "cache", "hourly", "1 results")


def test_clearing_needs_the_permission_and_the_cache() -> None:
    cache = CacheFactory.create()

    with pytest.raises(PermissionRefused):
        caches.clear(integration=cache.integration, tag=cache.tag, by=person("view_cache", member_of=cache.integration))
    with pytest.raises(NotFound):
        caches.clear(integration=cache.integration, tag="other", by=SYSTEM)


def test_run_is_served_what_another_run_has_stored() -> None:
    integration = make_nest(made_of("inner", PAUSE, output="$Input{n}", input={"n": "number"}))
    put(integration, "caches", tag="hourly", sequence_tag="main", event_tag="inner", expiry=1, period="hours")
    event = calling("inner", input={"n": "$Input{n}"}, cache="hourly")
    put(integration, "features", publish=True, **made_of("outer", event, output="$Sequence{main}{inner}"))

    first, second, other = (runs.execute(start(integration, "outer", n=n)) for n in (1, 1, 2))

    assert (first.output, second.output, other.output) == (1, 1, 2)
    assert [run.children.count() for run in (first, second, other)] == [1, 0, 1]
    reasons = [run.steps.get().reason for run in (first, second)]
    assert reasons[0].endswith('stored in cache "hourly"')
    assert reasons[1].startswith('served from cache "hourly", stored at ')
    assert models.CacheEntry.objects.filter(cache__tag="hourly", environment=first.environment).count() == 2


class Worker:
    """Drives a run up to where its event looks into the cache for two items at the same time."""

    def __init__(self, run: models.Run) -> None:
        self._driver = Driver(event_loop=event_loop.shared(), worker=f"worker of {run.pk}")
        self._run = run

    def look_for_both(self, meet: Callable[..., Any]) -> None:
        """Look for both in one batch; `meet` stands around its statements."""
        claimed = claiming.claim_one(self._run.pk, worker=self._driver.worker)
        assert claimed is not None
        self._driver.start([claimed])
        self._store(of=2)  # whether there is a nested run already
        with connection.execute_wrapper(meet):
            self._store(of=4)  # that both run, and what they ask the cache
        self._driver.abandon([self._run.pk])

    def _store(self, *, of: int) -> None:
        give_up_at = time.monotonic() + 10
        while self._driver._messages.qsize() < of and time.monotonic() < give_up_at:
            time.sleep(0.01)
        self._driver.store_pending(timeout_seconds=1)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_workers_whose_runs_look_for_the_same_results_in_another_order_do_not_deadlock(
    caplog: pytest.LogCaptureFixture,
) -> None:
    integration = make_nest(made_of("inner", PAUSE, input={"n": "number"}))
    put(integration, "caches", tag="hourly", sequence_tag="main", event_tag="inner", expiry=1, period="hours")
    each = {"type": "for_each", "subject": "$Input{ns}", "parallel": 2}
    event = calling("inner", input={"n": "$Item"}, cache="hourly", condition=each)
    put(integration, "features", publish=True, **made_of("outer", event, input={"ns": "array"}))
    workers = [Worker(start(integration, "outer", ns=ns)) for ns in ([1, 2], [2, 1])]
    both_hold_one = threading.Barrier(2)

    def meet(execute: Any, sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if sql.startswith('UPDATE "integrations_cacheentry"'):
            # In vain when the other one waits for this one's entry already.
            with suppress(threading.BrokenBarrierError):
                both_hold_one.wait(timeout=1)
        return result

    with caplog.at_level(logging.ERROR):
        at_once(lambda number: workers[number].look_for_both(meet), threads=2)

    assert caplog.messages == []
    fillers = [filler.split()[0] for filler in models.CacheEntry.objects.values_list("filling_by", flat=True)]
    assert len(fillers) == 2
    assert len(set(fillers)) == 1
