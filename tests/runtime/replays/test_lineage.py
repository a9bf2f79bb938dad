"""What any attempt has written is written again only where somebody said so."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import IntegrationsError, InvalidInput, OperationRefused
from integrations.operations import replays, retention, runs
from integrations.types import JsonObject
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.nesting import calling, made_of
from tests.scenes.replaying import ORDER, call, called, execute, make_store, refused, scripted

pytestmark = pytest.mark.django_db

WHY = "the API is back"
#: order, nested; then remove.
OUTER = made_of("outer", calling("order", input={"n": "$Input{n}"}), call("remove"), input={"n": "number"})
EACH: JsonObject = {"type": "for_each", "subject": "$Input{all}"}
LOOP = made_of("loop", call("create", input={"body": {"n": "$Item"}}, condition=EACH), input={"all": "array"})


@pytest.fixture
def api() -> Iterator[FakeActionConnector]:
    with scripted() as fake:
        yield fake


def failing(api: FakeActionConnector, tag: str, *definitions: JsonObject, at: str = "pay", **input: Any) -> models.Run:
    """Return a run that was refused at an action, and forget what it called."""
    api.script(at, refused())
    run = execute(make_store(*definitions), tag, **input)
    assert run.status == "failed"
    called(api)
    return run


def retried(run: models.Run) -> models.Run:
    return runs.execute(replays.retry(run, by=SYSTEM, reason=WHY))


def replayed(run: models.Run, **choices: Any) -> models.Run:
    return runs.execute(replays.replay(run, by=SYSTEM, reason=WHY, **choices))


def writes(run: models.Run, **choices: Any) -> list[tuple[str, int, str, bool]]:
    plan = replays.preview(run, by=SYSTEM, **choices).plan
    return [(write.place, write.times, write.choice, write.is_partial) for write in plan.writes]


# -- Attempts at one run ----------------------------------------------------------------------------------------------


def test_run_whose_retry_has_succeeded_is_not_retried_again(api: FakeActionConnector) -> None:
    failed = failing(api, "order", ORDER)
    done = retried(failed)

    with pytest.raises(OperationRefused, match=f"run {done.pk}, a later attempt, has succeeded; replay this one"):
        replays.retry(failed, by=SYSTEM, reason=WHY)


def test_another_attempt_waits_until_one_that_is_there_has_ended(api: FakeActionConnector) -> None:
    failed = failing(api, "order", ORDER)
    unfinished = replays.retry(failed, by=SYSTEM, reason=WHY)

    for operation in (replays.retry, replays.replay):
        with pytest.raises(OperationRefused, match=f"run {unfinished.pk}, which may write the same, is still queued"):
            operation(failed, by=SYSTEM, reason=WHY)

    runs.cancel(run=unfinished, by=SYSTEM)
    assert retried(failed).status == "succeeded"


def test_second_retry_writes_nothing_that_the_first_has_written(api: FakeActionConnector) -> None:
    failed = failing(api, "order", ORDER)
    api.script("mail", refused())
    first = retried(failed)
    assert called(api) == ["pay", "mail"]

    second = retried(failed)

    assert (second.status, called(api)) == ("succeeded", ["mail"])
    assert second.steps.get(event="pay").taken_from == first.pk


def test_retry_of_a_replay_writes_nothing_that_the_first_run_has_written(api: FakeActionConnector) -> None:
    run = execute(make_store(ORDER))
    api.script("create", refused())
    failed = replayed(run)
    called(api)

    assert (retried(failed).status, called(api)) == ("succeeded", [])


def test_retry_takes_nothing_over_that_was_written_with_another_input(api: FakeActionConnector) -> None:
    failed = failing(api, "order", ORDER)
    api.script("mail", refused())
    other = replayed(failed, input={"n": 7})

    message = f"writes/main/pay: run {other.pk}, an attempt with another input, has written this"
    with pytest.raises(InvalidInput, match=message):
        replays.retry(failed, by=SYSTEM, reason=WHY)
    called(api)
    assert replayed(failed, start="failure", writes={"main/pay": "again"}).status == "succeeded"
    assert called(api) == ["pay", "mail"]


def test_retry_goes_on_after_an_attempt_that_kept_no_results_is_refused(api: FakeActionConnector) -> None:
    failed = failing(api, "order", ORDER)
    api.script("mail", refused())
    blind = retried(failed)
    models.Run.objects.filter(pk=blind.pk).update(store_event_results=False)

    with pytest.raises(OperationRefused, match=f"run {blind.pk} kept no results"):
        replays.retry(failed, by=SYSTEM, reason=WHY)


def test_replay_lists_how_often_all_attempts_together_have_written(api: FakeActionConnector) -> None:
    failed = failing(api, "order", ORDER)
    api.script("mail", refused())
    retried(failed)  # takes over create, and pays
    replayed(failed, start="main/pay")  # pays again, and mails

    assert writes(failed, start="main/mail") == [
        ("main/create", 1, "take_over", False),
        ("main/pay", 2, "take_over", False),
        ("main/mail", 1, "take_over", False),
    ]


def test_replay_asks_about_what_only_another_attempt_has_come_to(api: FakeActionConnector) -> None:
    optional = call(
        "pay", condition={"type": "if", "subject": "$Sequence{main}{look}{free}", "decision_type": "exists"}
    )
    run = execute(make_store(made_of("order", call("look"), optional, input={"n": "number"})))
    api.script("look", {})
    skipped = replayed(run, writes={"main/pay": "again"})
    assert skipped.steps.get(event="pay").status == "skipped"

    assert writes(skipped) == [("main/pay", 1, "again", False)]


def test_replay_from_the_failure_takes_over_what_other_attempts_have_written(api: FakeActionConnector) -> None:
    failed = failing(api, "order", ORDER)
    api.script("mail", refused())
    retried(failed)
    called(api)

    assert writes(failed, start="failure")[1] == ("main/pay", 1, "take_over", False)
    replayed(failed, start="failure")
    assert called(api) == ["mail"]


# -- Loops ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("go_on", [retried, lambda run: replayed(run, start="failure")], ids=["retry", "replay"])
def test_iteration_that_another_attempt_has_done_is_not_done_again(api: FakeActionConnector, go_on: Any) -> None:
    api.script("create", {"id": "a"}, refused())
    first = execute(make_store(LOOP), "loop", all=[1, 2, 3])
    api.script("create", {"id": "b"}, refused())
    second = retried(first)
    assert (second.status, called(api)) == ("failed", ["create"] * 4)

    assert writes(first, start="failure") == [("main/create", 2, "take_over", True)]
    third = go_on(first)

    assert (third.status, [each.body for each in api.calls]) == ("succeeded", [{"n": 3}])


def test_iteration_that_a_fallback_has_done_is_not_done_again(api: FakeActionConnector) -> None:
    fallback = call("pay", input={"body": {"id": "$Item"}}, condition=EACH)
    feature = made_of("loop", call("create", fallback=fallback), input={"all": "array"})
    api.script("create", refused(), refused())
    api.script("pay", {"n": 0}, refused())
    run = execute(make_store(feature), "loop", all=["a", "b"])
    assert (run.status, called(api)) == ("failed", ["create", "pay", "pay"])

    again = retried(run)

    assert again.status == "succeeded"
    assert [(each.action.tag, each.body) for each in api.calls] == [("create", None), ("pay", {"id": "b"})]


# -- Nested runs ------------------------------------------------------------------------------------------------------


def test_what_a_nested_run_retried_by_itself_has_written_is_not_written_again(api: FakeActionConnector) -> None:
    failed = failing(api, "outer", ORDER, OUTER)
    nested = retried(models.Run.objects.get(parent=failed))
    assert (nested.status, called(api)) == ("succeeded", ["pay", "mail"])

    assert writes(failed, start="failure") == [("main/order", 3, "take_over", True)]
    assert (retried(failed).status, called(api)) == ("succeeded", ["remove"])


def test_nested_run_is_not_retried_once_another_attempt_above_it_has_done_so(api: FakeActionConnector) -> None:
    failed = failing(api, "outer", ORDER, OUTER)
    nested = models.Run.objects.get(parent=failed)
    above = replays.retry(failed, by=SYSTEM, reason=WHY)
    with pytest.raises(OperationRefused, match=f"run {above.pk}, which may write the same, is still queued"):
        replays.retry(nested, by=SYSTEM, reason=WHY)

    runs.execute(above)

    with pytest.raises(OperationRefused, match="a later attempt, has succeeded"):
        replays.retry(nested, by=SYSTEM, reason=WHY)


def test_replay_of_the_first_run_takes_over_nested_runs_that_a_retry_has_finished(api: FakeActionConnector) -> None:
    failed = failing(api, "outer", ORDER, OUTER)
    retried(failed)
    called(api)

    assert writes(failed) == [("main/order", 3, "take_over", False), ("main/remove", 1, "take_over", False)]
    assert (replayed(failed, other_writes="take_over").status, called(api)) == ("succeeded", [])


def test_nested_run_goes_on_from_all_attempts_that_were_not_gone_on_from(api: FakeActionConnector) -> None:
    failed = failing(api, "outer", ORDER, OUTER)
    api.script("mail", refused())
    replayed(failed, writes={"main/order": "again"})  # whose nested run is a new one
    assert called(api) == ["look", "create", "pay", "mail"]

    assert writes(failed, start="failure") == [("main/order", 3, "take_over", True)]
    assert (retried(failed).status, called(api)) == ("succeeded", ["mail", "remove"])


def test_nested_run_that_ended_when_its_run_was_cut_off_is_not_done_again(api: FakeActionConnector) -> None:
    failed = failing(api, "outer", ORDER, OUTER, at="remove")
    failed.steps.all().delete()

    assert (retried(failed).status, called(api)) == ("succeeded", ["remove"])


def test_nested_run_with_another_input_than_what_has_written_fails_its_run(api: FakeActionConnector) -> None:
    failed = failing(api, "outer", ORDER, OUTER)

    run = replayed(failed, input={"n": 7}, start="failure")

    assert (run.status, called(api)) == ("failed", [])
    assert "had another input and has written: main/create" in run.error_message
    assert "replay the run above and say so for this step" in run.error_message


def test_what_a_nested_run_has_rolled_back_counts_no_more_and_is_done_again(api: FakeActionConnector) -> None:
    inner = made_of("inner", call("create", rollback=call("remove")), call("mail"), call("pay"))
    failed = failing(api, "outer", inner, made_of("outer", calling("inner"), input={"n": "number"}))

    assert writes(failed, start="failure") == [("main/inner", 1, "take_over", True)]
    assert (retried(failed).status, called(api)) == ("succeeded", ["create", "pay"])


def test_nested_run_that_keeps_no_results_is_not_gone_on_from(api: FakeActionConnector) -> None:
    failed = failing(api, "outer", {**ORDER, "store_event_results": False}, OUTER)

    plan = replays.preview(failed, by=SYSTEM, start="failure").plan
    run = retried(failed)

    assert plan.uncertain == ("main/order",)
    assert (run.status, called(api)) == ("failed", [])
    assert "kept no results of its steps, so nobody knows what it has written" in run.error_message


# -- What is gone -----------------------------------------------------------------------------------------------------


def test_pruning_leaves_what_an_unfinished_replay_goes_on_from(api: FakeActionConnector) -> None:
    failed = failing(api, "outer", ORDER, OUTER)
    alone = retried(models.Run.objects.get(parent=failed))
    called(api)
    retry = replays.retry(failed, by=SYSTEM, reason=WHY)
    models.Run.objects.exclude(finished_at=None).update(finished_at=timezone.now() - dt.timedelta(days=400))

    assert retention.prune().runs == 0
    assert (runs.execute(retry).status, called(api)) == ("succeeded", ["remove"])

    assert retention.prune().runs == 3
    assert not models.Run.objects.filter(pk__in=[failed.pk, alone.pk]).exists()


def test_retry_fails_when_what_it_goes_on_from_is_gone_all_the_same(api: FakeActionConnector) -> None:
    failed = failing(api, "outer", ORDER, OUTER)
    nested = models.Run.objects.get(parent=failed)
    retry = replays.retry(failed, by=SYSTEM, reason=WHY)
    models.Run.objects.filter(pk=nested.pk).delete()

    run = runs.execute(retry)

    assert (run.status, called(api)) == ("failed", [])
    assert f"run {nested.pk}, which this was to go on from, is gone" in run.error_message


# -- Many attempts ----------------------------------------------------------------------------------------------------


def test_newest_of_very_many_attempts_is_known(api: FakeActionConnector) -> None:
    failed = failing(api, "order", ORDER)
    columns = {each.attname: getattr(failed, each.attname) for each in models.Run._meta.concrete_fields}
    del columns["id"]
    others = [models.Run(**{**columns, "replay_of_id": failed.pk}) for _ in range(250)]
    models.Run.objects.bulk_create(others)
    api.script("mail", refused())
    newest = retried(failed)
    called(api)

    shown = [attempt.run.pk for attempt in replays.lineage(others[0])]
    assert len(shown) == 200
    assert {failed.pk, others[0].pk, newest.pk} <= set(shown)
    assert (retried(failed).status, called(api)) == ("succeeded", ["mail"])


@pytest.mark.django_db(transaction=True)
def test_of_retries_at_the_same_moment_one_is_made(api: FakeActionConnector) -> None:
    failed = failing(api, "order", ORDER)
    refusals = []

    def retry() -> None:
        try:
            replays.retry(failed, by=SYSTEM, reason=WHY)
        except IntegrationsError as error:
            refusals.append(error.message)
        finally:
            connection.close()

    threads = [threading.Thread(target=retry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert models.Run.objects.filter(replay_of=failed).count() == 1
    assert len(refusals) == 3
    assert all("is still queued" in message for message in refusals)


# -- Choices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "problem"),
    [
        ({"version": "Original"}, 'version: "Original" is not known .say "original" or "latest".'),
        ({"version": None}, 'version: "None" is not known'),
        ({"start": "begining"}, 'start: "begining" is not known .say "beginning", "failure" or a step'),
        ({"writes": {"main/pay": "takeover"}}, 'writes/main/pay: "takeover" is not known .say "again" or "take_over"'),
        ({"writes": {"main/creat": "take_over"}}, "writes/main/creat: no attempt has written this .did you mean"),
        ({"writes": {"main/look": "again"}}, "writes/main/look: no attempt has written this"),
        ({"writes": ["main/pay"]}, "writes: should say by step"),
        ({"other_writes": "take-over"}, 'writes: "take-over" is not known'),
    ],
)
def test_choice_that_there_is_not_starts_nothing(
    api: FakeActionConnector, choices: dict[str, Any], problem: str
) -> None:
    run = execute(make_store(ORDER))

    with pytest.raises(InvalidInput, match=problem):
        replays.replay(run, by=SYSTEM, reason=WHY, **choices)

    assert models.Run.objects.count() == 1


def test_replay_refuses_to_go_on_where_a_newer_attempt_was_not_seen(api: FakeActionConnector) -> None:
    run = execute(make_store(ORDER))
    seen = str(replays.preview(run, by=SYSTEM).plan.newest)
    newer = replayed(run, newest=seen)

    with pytest.raises(OperationRefused, match=f"run {newer.pk} is a newer attempt; look at what it has done first"):
        replays.replay(run, by=SYSTEM, reason=WHY, newest=seen)
