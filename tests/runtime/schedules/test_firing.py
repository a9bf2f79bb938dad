"""What becomes of each time at which a job is to fire, with time passed in."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import conf, models
from integrations.actors import SYSTEM
from integrations.errors import InvalidInput, OperationRefused
from integrations.operations import dispatch, environments, features, freezes, functions, jobs, replays, runs
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.limits.queue_cap import QUEUE_CAP
from integrations.runtime.schedules import firing
from integrations.types import JsonObject
from tests.scenes.scene import make_scene, put
from tests.scenes.scheduling import (
    HOUR,
    MINUTE,
    START,
    Hands,
    born,
    by_hand,
    end,
    fire,
    fresh,
    hands,
    ledger,
    make_home,
    make_job,
    reasons,
    runs_of,
)

__all__ = ["hands"]

pytestmark = pytest.mark.django_db


def test_due_job_starts_one_run_and_moves_on(hands: Hands) -> None:
    job = make_job(hands, priority=7, timeout=30)
    hands.turn(minutes=10)

    fire(hands)

    (run,) = runs_of(job)
    (slot,) = job.slots.all()
    assert (run.trigger, run.nominal_at, run.priority, run.status) == ("job", START + 10 * MINUTE, 7, "queued")
    assert run.release.to_definition().feature.timeout == 30
    assert (slot.status, slot.run, slot.nominal_at) == ("started", run, START + 10 * MINUTE)
    assert (fresh(job).next_at, fresh(job).fired) == (START + 20 * MINUTE, 1)


def test_nothing_due_costs_one_query(hands: Hands) -> None:
    make_job(hands)

    with CaptureQueriesContext(connection) as queries:
        assert firing.fire_due(now=hands.now) == 0

    assert len(queries) == 1


def test_times_do_not_drift_when_a_scheduler_is_late(hands: Hands) -> None:
    job = make_job(hands, overlap="allow")
    for late in (3, 59, 0, 41):
        hands.now = START + (len(runs_of(job)) + 1) * 10 * MINUTE + dt.timedelta(seconds=late)
        fire(hands)

    assert ledger(job) == [(10, "started"), (20, "started"), (30, "started"), (40, "started")]


# An hour without any scheduler


def test_missed_times_are_skipped_and_written_down(hands: Hands) -> None:
    job = make_job(hands, missed="skip")
    hands.turn(minutes=65)

    fire(hands)

    assert ledger(job) == [(minute, "missed") for minute in range(10, 70, 10)]
    assert runs_of(job) == []
    assert set(reasons(job)) == {"no worker was there to fire it, or dispatch was paused"}
    assert fresh(job).next_at == START + 70 * MINUTE


def test_missed_times_are_made_up_for_by_one_run(hands: Hands) -> None:
    job = make_job(hands, missed="run_once")
    hands.turn(minutes=65)

    fire(hands)

    assert ledger(job) == [*((minute, "missed") for minute in range(10, 60, 10)), (60, "started")]
    assert [run.nominal_at for run in runs_of(job)] == [START + 60 * MINUTE]


def test_time_that_has_just_come_makes_up_for_those_before(hands: Hands) -> None:
    job = make_job(hands, missed="run_once")
    hands.turn(minutes=60, seconds=5)

    fire(hands)

    assert ledger(job) == [*((minute, "missed") for minute in range(10, 60, 10)), (60, "started")]
    assert reasons(job)[0].endswith("made up for by the next one")


def test_missed_times_are_all_made_up_for_one_after_the_other(hands: Hands) -> None:
    job = make_job(hands, missed="run_all", overlap="skip")
    hands.turn(minutes=65)

    fire(hands)
    assert ledger(job) == [(10, "started"), *((minute, "queued") for minute in range(20, 70, 10))]
    while (unfinished := firing.unfinished(job.pk).first()) is not None:
        end(unfinished)
        fire(hands)

    assert ledger(job) == [(minute, "started") for minute in range(10, 70, 10)]
    assert [run.nominal_at for run in runs_of(job)] == [START + minute * MINUTE for minute in range(10, 70, 10)]


def test_missed_times_are_made_up_for_at_once_where_runs_may_overlap(hands: Hands) -> None:
    job = make_job(hands, missed="run_all", overlap="allow")
    hands.turn(minutes=65)

    fire(hands)

    assert ledger(job) == [(minute, "started") for minute in range(10, 70, 10)]


def test_more_missed_times_than_are_made_up_for_are_one_row_before_the_last(hands: Hands) -> None:
    job = make_job(hands, schedule={"every": 60}, missed="run_all", overlap="allow")
    hands.turn(minutes=400, seconds=30)

    fire(hands)

    made_up = models.Slot.objects.filter(job=job, status="started", reason__startswith="made up")
    missed = models.Slot.objects.filter(job=job, status="missed").order_by("nominal_at")
    assert made_up.count() == 100
    assert sum(slot.count for slot in missed) == 299
    assert (missed[0].count, missed[0].until_at) == (199, START + 199 * MINUTE)
    assert len(runs_of(job)) == 101


def test_gap_of_a_year_is_written_down_quickly(hands: Hands) -> None:
    job = make_job(hands, schedule={"cron": "* * * * *"}, missed="skip")
    hands.turn(days=365)

    fire(hands)

    first = job.slots.order_by("nominal_at")[0]
    assert (first.nominal_at, first.count) == (START + MINUTE, 10_000)
    assert job.slots.count() <= 102
    assert fresh(job).next_at == hands.now + MINUTE


# Days with a clock change


@pytest.mark.parametrize(
    ("cron", "tz", "day", "expected"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-03-29", ["01:00"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25", ["00:30"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-10-25", ["00:00", "00:30", "01:00", "01:30"]),
        ("30 2 * * *", "America/New_York", "2026-03-08", ["07:00"]),
        ("30 1 * * *", "America/New_York", "2026-11-01", ["05:30"]),
    ],
)
def test_day_with_a_clock_change_fires_as_cron_does(
    hands: Hands, cron: str, tz: str, day: str, expected: list[str]
) -> None:
    midnight = dt.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo(tz))
    hands.now = midnight.astimezone(dt.UTC)
    job = make_job(hands, schedule={"cron": cron, "tz": tz}, overlap="allow")

    while hands.turn(minutes=1).astimezone(zoneinfo.ZoneInfo(tz)).date() == midnight.date():
        if fresh(job).next_at == hands.now:
            fire(hands)

    slots = job.slots.order_by("nominal_at")
    assert [(f"{slot.nominal_at:%H:%M}", slot.status) for slot in slots] == [(time, "started") for time in expected]


# Overlap


def test_overlapping_time_is_left_out_with_the_run_that_was_in_its_way(hands: Hands) -> None:
    job = make_job(hands, overlap="skip")
    for _ in range(2):
        hands.turn(minutes=10)
        fire(hands)

    (run,) = runs_of(job)
    assert ledger(job) == [(10, "started"), (20, "overlapped")]
    assert reasons(job) == ["", f"run {run.pk} was still queued"]


def test_overlapping_time_waits_for_the_run_to_end(hands: Hands) -> None:
    job = make_job(hands, overlap="queue")
    for _ in range(3):
        hands.turn(minutes=10)
        fire(hands)
    assert ledger(job) == [(10, "started"), (20, "queued"), (30, "queued")]

    end(runs_of(job)[0])
    fire(hands)

    assert ledger(job) == [(10, "started"), (20, "started"), (30, "queued")]
    assert [run.nominal_at for run in runs_of(job)] == [START + 10 * MINUTE, START + 20 * MINUTE]


def test_cancelled_run_lets_the_next_time_go(hands: Hands) -> None:
    job = make_job(hands, overlap="queue")
    for _ in range(2):
        hands.turn(minutes=10)
        fire(hands)

    runs.cancel(run=runs_of(job)[0], by=SYSTEM)
    fire(hands)

    assert ledger(job) == [(10, "started"), (20, "started")]


def test_time_that_nobody_gave_its_turn_is_found(hands: Hands) -> None:
    job = make_job(hands, overlap="queue")
    for _ in range(2):
        hands.turn(minutes=10)
        fire(hands)
    statuses = models.Run.Status
    models.Run.objects.transition(runs_of(job)[0].pk, from_=statuses.QUEUED, to=statuses.CANCELLED)
    fire(hands)
    assert ledger(job) == [(10, "started"), (20, "queued")]

    firing.let_overlooked_go(now=hands.now)
    fire(hands)

    assert ledger(job) == [(10, "started"), (20, "started")]


def test_overlapping_times_that_wait_are_no_more_than_a_hundred(hands: Hands) -> None:
    job = make_job(hands, schedule={"every": 1}, overlap="queue", missed="skip")
    for _ in range(3):
        hands.turn(seconds=40)
        fire(hands)

    assert job.slots.filter(status="queued").count() == 100
    assert job.slots.filter(status="overlapped").count() == 19


def test_overlap_is_allowed(hands: Hands) -> None:
    job = make_job(hands, overlap="allow")
    for _ in range(2):
        hands.turn(minutes=10)
        fire(hands)

    assert ledger(job) == [(10, "started"), (20, "started")]


# By hand


def test_run_by_hand_does_not_disturb_the_schedule(hands: Hands) -> None:
    job = make_job(hands, overlap="skip", schedule={"every": 600, "limit": 2})
    hands.turn(minutes=9)
    manual = by_hand(job)
    assert (fresh(job).next_at, fresh(job).fired) == (START + 10 * MINUTE, 0)

    hands.turn(minutes=1)
    fire(hands)

    assert ledger(job) == [(10, "started")]
    assert (manual.nominal_at, manual.job) == (None, job)


# Its end


def test_limit_ends_the_schedule(hands: Hands) -> None:
    job = make_job(hands, overlap="allow", schedule={"every": 600, "limit": 2})
    for _ in range(4):
        hands.turn(minutes=10)
        fire(hands)

    assert ledger(job) == [(10, "started"), (20, "started")]
    assert fresh(job).next_at is None


def test_end_at_ends_the_schedule(hands: Hands) -> None:
    job = make_job(hands, overlap="allow", schedule={"every": 600, "end_at": (START + 20 * MINUTE).isoformat()})
    for _ in range(4):
        hands.turn(minutes=10)
        fire(hands)

    assert ledger(job) == [(10, "started"), (20, "started")]
    assert fresh(job).next_at is None


def test_single_time_fires_once(hands: Hands) -> None:
    job = make_job(hands, schedule={"start_at": (START + 5 * MINUTE).isoformat()})
    for _ in range(3):
        hands.turn(minutes=5)
        fire(hands)

    assert ledger(job) == [(5, "started")]


# What it starts is gone, or refuses


def test_inactive_environment_is_refused_and_the_schedule_goes_on(hands: Hands) -> None:
    job = make_job(hands)
    environments.update(integration=job.integration, tag="dev", changes={"active": False}, by=SYSTEM)
    hands.turn(minutes=10)

    fire(hands)

    assert ledger(job) == [(10, "refused")]
    assert reasons(job) == ['environment "dev" is inactive; activate it to start runs in it']
    assert fresh(job).next_at == START + 20 * MINUTE


def test_input_that_the_target_refuses_by_now_is_refused_with_its_place(hands: Hands) -> None:
    job = make_job(hands)
    changes: JsonObject = {"input": {"n": "number"}}
    features.update(integration=job.integration, tag="tick", changes=changes, by=SYSTEM, publish=True)
    hands.turn(minutes=10)

    fire(hands)

    assert reasons(job) == ['input/n: "n" is required']


def test_target_that_is_gone_is_refused(hands: Hands) -> None:
    job = make_job(hands)
    models.Feature.objects.filter(integration=job.integration).delete()
    hands.turn(minutes=10)

    fire(hands)

    assert reasons(job) == ['there is no feature "tick"; there are none yet']


def test_stored_action_without_its_app_is_refused_and_the_schedule_goes_on(hands: Hands) -> None:
    job = make_job(hands)
    models.Job.objects.filter(pk=job.pk).update(target={"type": "action", "event": "get_order"})
    hands.turn(minutes=10)

    fire(hands)

    assert ledger(job) == [(10, "refused")]
    assert reasons(job) == ['target/app: "app" is required for an action (name the access tag of its app)']
    assert fresh(job).next_at == START + 20 * MINUTE


def test_schedule_that_cannot_be_read_any_more_stops_with_the_reason(hands: Hands) -> None:
    job = make_job(hands)
    models.Job.objects.filter(pk=job.pk).update(schedule={"cron": "0 6 * * *", "tz": "Mars/Olympus"})
    hands.turn(minutes=10)

    fire(hands)

    assert reasons(job) == ['schedule/tz: unknown time zone "Mars/Olympus"']
    assert fresh(job).next_at is None


@pytest.mark.parametrize("overlap", ["skip", "allow"])
def test_time_waits_in_a_full_queue_and_is_not_called_missed(
    hands: Hands, monkeypatch: pytest.MonkeyPatch, overlap: str
) -> None:
    job = make_job(hands, overlap=overlap)
    hands.turn(minutes=10)
    with monkeypatch.context() as full:
        full.setattr(conf, "queue_cap", lambda: 0)
        for _ in range(2):  # well beyond the minute after which a time was missed
            QUEUE_CAP.forget()
            fire(hands)
            hands.turn(minutes=2)
        assert (ledger(job), runs_of(job)) == ([(10, "queued")], [])
        assert fresh(job).next_at == START + 20 * MINUTE
    QUEUE_CAP.forget()

    fire(hands)

    assert (ledger(job), reasons(job)) == ([(10, "started")], ["the queue was full"])
    assert [run.nominal_at for run in runs_of(job)] == [START + 10 * MINUTE]


def test_times_that_a_full_queue_keeps_waiting_are_no_more_than_a_hundred(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(hands, schedule={"every": 1}, overlap="allow")
    monkeypatch.setattr(conf, "queue_cap", lambda: 0)
    QUEUE_CAP.forget()

    for _ in range(3):
        hands.turn(seconds=40)
        firing.fire_due(now=hands.now)

    assert job.slots.filter(status="queued").count() == 100
    assert set(job.slots.filter(status="overlapped").values_list("reason", flat=True)) == {
        "100 times of the job wait already"
    }
    QUEUE_CAP.forget()


# Targets


def test_function_and_job_targets_run_as_features_of_one_event(hands: Hands) -> None:
    home = make_home()
    put(home, "functions", publish=True, tag="double", language="js", function="(i) => i.n * 2", input={"n": "number"})
    one = make_job(hands, home, tag="one", target={"type": "function", "event": "double"}, input={"n": 2})
    two = make_job(hands, home, tag="two", target={"type": "job", "event": "one"})
    hands.turn(minutes=10)

    fire(hands)

    function_run, job_run = *runs_of(one), *runs_of(two)
    assert (function_run.feature, function_run.input) == (None, {"n": 2})
    assert job_run.release.to_definition().feature.sequence[0].events[0].type == "job"


def test_action_target_gets_its_input_in_sections(hands: Hands) -> None:
    scene = make_scene()
    target: JsonObject = {"type": "action", "event": "get_order", "app": "shop"}
    job = born(
        put(scene, "jobs", tag="order", env="dev", target=target, input={"id": "A"}, schedule={"every": 600}), START
    )
    hands.turn(minutes=10)

    fire(hands)

    (run,) = runs_of(job)
    assert run.input == {"params": {"id": "A"}}
    assert list(run.release.to_definition().apps) == ["shop"]


def test_equal_targets_share_a_release(hands: Hands) -> None:
    home = make_home()
    put(home, "functions", publish=True, tag="double", language="js", function="(i) => i.n * 2", input={"n": "number"})
    target = {"type": "function", "event": "double"}
    made = [make_job(hands, home, tag=f"job{n}", target=target, input={"n": n}) for n in (1, 2)]
    hands.turn(minutes=10)

    fire(hands)

    assert len({run.release_id for job in made for run in runs_of(job)}) == 1


def test_own_run_of_a_job_is_replayed_on_the_latest_version_of_its_target(hands: Hands) -> None:
    home = make_home()
    put(home, "functions", publish=True, tag="double", language="js", function="(i) => i.n * 2", input={"n": "number"})
    job = make_job(hands, home, target={"type": "function", "event": "double"}, input={"n": 2}, timeout=60)
    run = by_hand(job)
    runs.cancel(run=run, by=SYSTEM)
    run.refresh_from_db()
    changes: JsonObject = {
        "function": "(i) => i.n * 3",
        "input": {"n": "number", "m": {"type": "number", "default": 1}},
    }
    functions.update(integration=home, tag="double", changes=changes, by=SYSTEM, publish=True)

    replay = replays.replay(run, by=SYSTEM, reason="it was wrong", version="latest", input={"n": 5})

    released = replay.release.to_definition()
    assert (replays.has_latest(run), released.functions["double"].version, released.feature.timeout) == (True, 2, 60)
    assert (replay.input, replay.job) == ({"n": 5, "m": 1}, job)
    runs.cancel(run=replay, by=SYSTEM)
    with pytest.raises(InvalidInput, match='"n" is required'):
        replays.replay(run, by=SYSTEM, reason="it was wrong", version="latest", input={"m": 5})


def test_replay_of_an_action_takes_an_edited_input_in_sections_or_flat(hands: Hands) -> None:
    scene = make_scene()
    target: JsonObject = {"type": "action", "event": "get_order", "app": "shop"}
    run = by_hand(put(scene, "jobs", tag="order", env="dev", target=target, input={"id": "A"}))
    runs.cancel(run=run, by=SYSTEM)
    run.refresh_from_db()

    inputs: list[JsonObject | None] = [{"id": "B"}, {"params": {"id": "B"}}, None]
    made = []
    for values in inputs:
        made.append(replays.replay(run, by=SYSTEM, reason="another", version="latest", input=values))
        runs.cancel(run=made[-1], by=SYSTEM)

    assert [each.input["params"]["id"] for each in made] == ["B", "B", "A"]
    assert {each.release_id for each in made} == {run.release_id}


def test_function_without_a_published_version_is_refused(hands: Hands) -> None:
    home = make_home()
    put(home, "functions", publish=True, tag="double", language="js", function="(i) => 1")
    job = make_job(hands, home, target={"type": "function", "event": "double"})
    models.FunctionVersion.objects.all().delete()
    hands.turn(minutes=10)

    fire(hands)

    assert "has no published version" in reasons(job)[0]


# Retries


def test_failed_run_is_tried_again_as_a_new_run_after_a_while(hands: Hands) -> None:
    job = make_job(hands, retries=2, retry={"delay": 100, "factor": 1}, overlap="queue")
    hands.turn(minutes=10)
    fire(hands)

    for attempt in (1, 2, 3):
        run = runs_of(job)[-1]
        assert (run.job_attempt, run.nominal_at) == (attempt, START + 10 * MINUTE)
        assert run.due_at is not None
        assert run.due_at <= hands.now + dt.timedelta(seconds=100)
        end(run, "failed")

    first, second, third = runs_of(job)
    assert [second.replay_of, third.replay_of] == [first, second]
    assert second.release == first.release
    assert ledger(job) == [(10, "started")]


def test_retry_is_in_the_way_of_the_next_time(hands: Hands) -> None:
    job = make_job(hands, retries=1, overlap="queue")
    hands.turn(minutes=10)
    fire(hands)
    hands.turn(minutes=10)
    fire(hands)

    end(runs_of(job)[0], "failed")
    fire(hands)
    assert ledger(job) == [(10, "started"), (20, "queued")]
    end(runs_of(job)[1])
    fire(hands)

    assert ledger(job) == [(10, "started"), (20, "started")]


def test_replay_belongs_to_the_job_but_neither_to_its_schedule_nor_to_its_retries(hands: Hands) -> None:
    job = make_job(hands, overlap="skip", retries=2)
    hands.turn(minutes=10)
    fire(hands)
    runs.cancel(run=runs_of(job)[0], by=SYSTEM)

    replay = replays.replay(runs_of(job)[0], by=SYSTEM, reason="once more")

    assert {run.pk for run in jobs.history(job=job, by=SYSTEM)} == {replay.pk, runs_of(job)[0].pk}
    hands.turn(minutes=10)
    fire(hands)
    assert ledger(job) == [(10, "started"), (20, "started")]
    end(replay, "failed")
    assert len(runs_of(job)) == 3


def test_run_that_was_cancelled_is_not_tried_again(hands: Hands) -> None:
    job = make_job(hands, retries=5)
    hands.turn(minutes=10)
    fire(hands)

    end(runs_of(job)[0], "cancelled")

    assert len(runs_of(job)) == 1


# Holding and going on


def test_paused_job_skips_its_times_and_says_so_when_it_goes_on(hands: Hands) -> None:
    job = make_job(hands, missed="run_all")
    jobs.pause(jobs=[job], by=SYSTEM, reason="Migration")
    hands.turn(minutes=35)
    fire(hands)
    assert ledger(job) == []

    jobs.resume(jobs=[fresh(job)], by=SYSTEM)
    hands.turn(minutes=5)
    fire(hands)

    assert ledger(job) == [(10, "skipped"), (20, "skipped"), (30, "skipped"), (40, "started")]
    assert reasons(job)[0] == "the job was paused"


def test_pausing_by_an_edit_is_the_same(hands: Hands) -> None:
    job = make_job(hands)
    jobs.update(integration=job.integration, tag="tick", changes={"paused": True}, by=SYSTEM)
    assert (fresh(job).next_at, fresh(job).held_from) == (None, START + 10 * MINUTE)
    hands.turn(minutes=15)

    jobs.update(integration=job.integration, tag="tick", changes={"paused": False}, by=SYSTEM)

    assert ledger(job) == [(10, "skipped")]
    assert fresh(job).next_at == START + 20 * MINUTE


def test_edit_that_leaves_the_schedule_alone_leaves_the_next_time_alone(hands: Hands) -> None:
    job = make_job(hands, schedule={"every": 600, "limit": 3})
    stale = fresh(job)
    hands.turn(minutes=10)
    fire(hands)

    jobs.save(row=stale, definition=stale.to_definition().changed({"description": "Ticks"}), by=SYSTEM)

    assert (fresh(job).next_at, fresh(job).fired) == (START + 20 * MINUTE, 1)


def test_new_schedule_begins_now_and_counts_anew(hands: Hands) -> None:
    job = make_job(hands, schedule={"every": 600, "limit": 1})
    hands.turn(minutes=10)
    fire(hands)
    hands.turn(minutes=1)

    jobs.reschedule(job=job, schedule={"cron": "30 * * * *", "limit": 1}, by=SYSTEM)
    hands.turn(minutes=19)
    fire(hands)

    assert ledger(job)[-1] == (30, "overlapped")
    assert fresh(job).next_at == START + 1.5 * HOUR


def test_new_schedule_leaves_no_time_of_the_old_one_unaccounted(hands: Hands) -> None:
    job = make_job(hands)
    hands.turn(minutes=25)

    jobs.reschedule(job=job, schedule=None, by=SYSTEM)

    assert ledger(job) == [(10, "skipped"), (20, "skipped")]
    assert reasons(job)[0] == "the schedule was changed"


def test_frozen_environment_holds_its_jobs_and_releases_them_in_order(hands: Hands) -> None:
    home = make_home()
    late = make_job(hands, home, tag="late", target={"event": "tick"}, schedule={"every": 1200}, missed="run_once")
    soon = make_job(hands, home, tag="soon", target={"event": "tick"}, missed="run_once")
    dev = environments.fetch(integration=home, tag="dev", by=SYSTEM)
    freezes.freeze(environment=dev, by=SYSTEM, reason="Upgrade of the warehouse")
    hands.turn(minutes=25)
    fire(hands)
    assert ledger(soon) == ledger(late) == []

    freezes.unfreeze(environment=dev, by=SYSTEM)
    fire(hands)

    assert ledger(soon) == [(10, "missed"), (20, "started")]
    assert ledger(late) == [(20, "started")]
    assert "was frozen: Upgrade of the warehouse" in reasons(soon)[0]
    assert [run.job for run in models.Run.objects.order_by("pk")] == [soon, late]


def test_frozen_environment_drains(hands: Hands) -> None:
    job = make_job(hands)
    hands.turn(minutes=10)
    fire(hands)
    dev = environments.fetch(integration=job.integration, tag="dev", by=SYSTEM)
    freezes.freeze(environment=dev, by=SYSTEM)
    (run,) = runs_of(job)
    models.Run.objects.filter(pk=run.pk).update(started_at=hands.now)
    assert freezes.draining(environment=dev, by=SYSTEM).begun == 1

    end(run)

    assert freezes.draining(environment=dev, by=SYSTEM) == freezes.Draining(begun=0, to_begin=0, retries=0)


def test_job_that_is_paused_and_frozen_goes_on_after_both(hands: Hands) -> None:
    job = make_job(hands)
    dev = environments.fetch(integration=job.integration, tag="dev", by=SYSTEM)
    jobs.pause(jobs=[job], by=SYSTEM)
    freezes.freeze(environment=dev, by=SYSTEM)
    hands.turn(minutes=15)
    jobs.resume(jobs=[fresh(job)], by=SYSTEM)
    assert (fresh(job).next_at, fresh(job).held_from) == (None, START + 20 * MINUTE)

    freezes.unfreeze(environment=dev, by=SYSTEM)

    assert fresh(job).next_at == START + 20 * MINUTE
    assert ledger(job) == [(10, "skipped")]


def test_job_that_leaves_a_frozen_environment_says_that_it_was_held_up_there(hands: Hands) -> None:
    job = make_job(hands, missed="run_all")
    put(job.integration, "environments", env_name="Staging", slug="stg", auth={})
    dev = environments.fetch(integration=job.integration, tag="dev", by=SYSTEM)
    freezes.freeze(environment=dev, by=SYSTEM, reason="Upgrade of the warehouse")
    hands.turn(minutes=25)

    jobs.update(integration=job.integration, tag=job.tag, changes={"env": "stg"}, by=SYSTEM)
    hands.turn(minutes=5)
    fire(hands)

    assert ledger(job) == [(10, "skipped"), (20, "skipped"), (30, "started")]
    assert reasons(job)[0] == 'environment "dev" was frozen: Upgrade of the warehouse'


def test_job_that_was_due_when_its_environment_was_changed_goes_by_what_it_says_of_missed_times(hands: Hands) -> None:
    job = make_job(hands, missed="run_once")
    put(job.integration, "environments", env_name="Staging", slug="stg", auth={})
    hands.turn(minutes=15)

    jobs.update(integration=job.integration, tag=job.tag, changes={"env": "stg"}, by=SYSTEM)
    fire(hands)

    assert ledger(job) == [(10, "started")]
    assert "no worker was there" in reasons(job)[0]


def test_paused_job_whose_environment_is_changed_was_held_up_by_the_pause(hands: Hands) -> None:
    job = make_job(hands)
    put(job.integration, "environments", env_name="Staging", slug="stg", auth={})
    jobs.pause(jobs=[job], by=SYSTEM)
    hands.turn(minutes=15)
    jobs.update(integration=job.integration, tag=job.tag, changes={"env": "stg"}, by=SYSTEM)
    assert ledger(job) == []

    jobs.resume(jobs=[fresh(job)], by=SYSTEM)

    assert (ledger(job), reasons(job)) == ([(10, "skipped")], ["the job was paused"])


@pytest.mark.parametrize(
    ("is_paused", "is_frozen", "why"),
    [
        (True, False, "the job was paused"),
        (False, True, 'environment "dev" was frozen: Upgrade'),
        (False, False, "the schedule was changed"),
    ],
)
def test_new_schedule_says_what_had_held_the_old_one_up(
    hands: Hands, is_paused: bool, is_frozen: bool, why: str
) -> None:
    job = make_job(hands)
    if is_paused:
        jobs.pause(jobs=[job], by=SYSTEM)
    if is_frozen:
        dev = environments.fetch(integration=job.integration, tag="dev", by=SYSTEM)
        freezes.freeze(environment=dev, by=SYSTEM, reason="Upgrade")
    hands.turn(minutes=15)

    jobs.reschedule(job=fresh(job), schedule={"every": 300}, by=SYSTEM)

    assert (ledger(job), reasons(job)) == ([(10, "skipped")], [why])


def test_new_job_in_a_frozen_environment_is_held(hands: Hands) -> None:
    home = make_home()
    freezes.freeze(environment=environments.fetch(integration=home, tag="dev", by=SYSTEM), by=SYSTEM)

    job = make_job(hands, home)

    assert (fresh(job).next_at, fresh(job).held_from) == (None, START + 10 * MINUTE)


def test_times_from_before_a_restore_are_not_fired(hands: Hands) -> None:
    job = make_job(hands, missed="run_all")
    hands.turn(minutes=25)
    models.SystemState.objects.set(slots_from=hands.now)
    hands.turn(minutes=10)

    fire(hands)

    assert ledger(job) == [(10, "skipped"), (20, "skipped"), (30, "started")]
    assert "restored" in reasons(job)[0]
    dispatch_state.forget()


def test_time_just_before_a_restore_was_confirmed_is_not_fired(hands: Hands) -> None:
    job = make_job(hands)
    hands.turn(minutes=10, seconds=5)
    dispatch_state.pause(reason="restored", now=hands.now, awaits_confirmation=True)
    dispatch.resume(by=SYSTEM)
    hands.turn(seconds=1)

    fire(hands)

    assert ledger(job) == [(10, "skipped")]
    assert fresh(job).next_at == START + 20 * MINUTE
    dispatch_state.forget()


def test_nothing_is_run_without_a_worker_while_dispatch_is_paused(hands: Hands) -> None:
    job = make_job(hands)
    hands.turn(minutes=10)
    dispatch.pause(reason="the supplier moves", by=SYSTEM)

    with pytest.raises(OperationRefused, match="dispatch is paused: the supplier moves; resume it first"):
        jobs.run_due(integration=job.integration, by=SYSTEM)
    assert (ledger(job), runs_of(job)) == ([], [])
    dispatch.resume(by=SYSTEM)

    assert len(jobs.run_due(integration=job.integration, by=SYSTEM)) == 1


def test_jobs_that_are_due_are_run_without_a_worker(hands: Hands) -> None:
    home = make_home()
    due = make_job(hands, home)
    paused = make_job(hands, home, tag="paused", target={"event": "tick"}, paused=True)
    make_job(hands, home, tag="later", target={"event": "tick"}, schedule={"every": 900})
    hands.turn(minutes=10)

    started = jobs.run_due(integration=home, by=SYSTEM)

    assert [run.job for run in started] == [due]
    assert runs_of(paused) == []
