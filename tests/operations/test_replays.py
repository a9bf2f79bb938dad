from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.connectors.redaction import REDACTED
from integrations.errors import InvalidInput, NotFound, OperationRefused, PermissionRefused
from integrations.operations import apps, environments, features, replays, runs
from integrations.types import JsonObject
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.nesting import calling
from tests.scenes.replaying import ORDER, call, called, execute, make_store, refused, scripted
from tests.scenes.scene import everything_but, last_audit, person

pytestmark = pytest.mark.django_db

WHY = "the API is back"
#: What is stored in place of a result that is too large.
TRUNCATED: JsonObject = {"truncated": True, "size_bytes": 9, "preview": "{"}


@pytest.fixture
def api() -> Iterator[FakeActionConnector]:
    with scripted() as fake:
        yield fake


@pytest.fixture
def integration() -> models.Integration:
    return make_store(ORDER)


@pytest.fixture
def failed(integration: models.Integration, api: FakeActionConnector) -> models.Run:
    """A run that has looked and created, and whose payment was refused."""
    api.script("pay", refused())
    run = execute(integration)
    assert (run.status, called(api)) == ("failed", ["look", "create", "pay"])
    return run


def retried(run: models.Run) -> models.Run:
    return runs.execute(replays.retry(run, by=SYSTEM, reason=WHY))


def replayed(run: models.Run, **choices: Any) -> models.Run:
    return runs.execute(replays.replay(run, by=SYSTEM, reason=WHY, **choices))


def fates(run: models.Run, **choices: Any) -> dict[str, str]:
    plan = replays.preview(run, by=SYSTEM, **choices).plan
    return {each.place.partition("/")[2]: each.fate for each in plan.events}


def writes(run: models.Run, **choices: Any) -> dict[str, str]:
    plan = replays.preview(run, by=SYSTEM, **choices).plan
    return {write.place: write.choice for write in plan.writes}


# -- Retry ----------------------------------------------------------------------------------------------------------


def test_retry_goes_on_at_the_failed_step_and_writes_nothing_twice(
    failed: models.Run, api: FakeActionConnector
) -> None:
    run = retried(failed)

    assert (run.status, run.output) == ("succeeded", {"paid": {"ok": True}})
    assert called(api) == ["pay", "mail"]
    assert (run.trigger, run.replay_of, run.replay_reason, run.release) == ("replay", failed, WHY, failed.release)
    steps = run.steps.in_order()
    taken = {step.event: step.taken_from for step in steps}
    assert taken == {"look": failed.pk, "create": failed.pk, "pay": None, "mail": None}
    assert [step.position for step in steps] == [0, 1, 2, 3]


def test_retry_is_recorded_with_its_reason(failed: models.Run) -> None:
    operator = person("replay_run", member_of=failed.integration)

    run = replays.retry(failed, by=operator, reason=f" {WHY} ")

    audit = last_audit()
    assert (audit.action, audit.tag, audit.by, audit.reason) == ("retry", str(failed.pk), operator, WHY)
    assert audit.changes["run"] == {"from": None, "to": str(run.pk)}
    assert run.created_by == operator


def test_retry_of_a_retry_still_takes_over_the_first_runs_writes(failed: models.Run, api: FakeActionConnector) -> None:
    api.script("mail", refused())
    second = retried(failed)
    called(api)

    third = retried(second)

    assert (third.status, called(api)) == ("succeeded", ["mail"])
    assert {step.event: step.taken_from for step in third.steps.in_order()} == {
        "look": failed.pk,
        "create": failed.pk,
        "pay": second.pk,
        "mail": None,
    }


def test_new_attempt_has_new_idempotency_keys(failed: models.Run, api: FakeActionConnector) -> None:
    keys = dict(failed.steps.values_list("event", "idempotency_key"))

    retry = dict(retried(failed).steps.values_list("event", "idempotency_key"))

    assert retry["create"] == keys["create"]  # taken over, never sent
    assert retry["pay"] not in ("", keys["pay"])


def test_retry_takes_over_what_a_fallback_has_done(api: FakeActionConnector) -> None:
    events = [call("create", fallback=call("mail")), call("remove")]
    feature: Any = {"tag": "order", "sequence": [{"sequence_tag": "main", "events": events}], "output": None}
    api.script("create", refused())
    api.script("remove", refused())
    run = _execute(make_store(feature), api)

    assert (retried(run).status, called(api)) == ("succeeded", ["remove"])


def test_retry_takes_over_what_was_allowed_to_fail(api: FakeActionConnector) -> None:
    feature = made_of(call("create", allow_fail=True), call("remove"))
    api.script("create", refused())
    api.script("remove", refused())
    run = _execute(make_store(feature), api)

    assert (retried(run).status, called(api)) == ("succeeded", ["remove"])


def test_retry_of_a_loop_does_only_what_is_left_of_it(api: FakeActionConnector) -> None:
    each = {"type": "for_each", "subject": "$Input{ids}"}
    feature = made_of(call("pay", condition=each, input={"body": {"id": "$Item"}}), input={"ids": "array"})
    api.script("pay", {"n": 0}, {"n": 1}, refused())
    run = _execute(make_store(feature), api, ids=["a", "b", "c", "d"])

    retry = retried(run)

    assert [each.body for each in api.calls] == [{"id": "c"}, {"id": "d"}]
    assert retry.status == "succeeded"


def test_retry_does_again_what_was_rolled_back_and_all_behind_it(api: FakeActionConnector) -> None:
    feature = made_of(call("create", rollback=call("remove")), call("look"), call("pay"))
    api.script("pay", refused())
    run = _execute(make_store(feature), api)
    assert [step.event for step in run.steps.filter(role="rollback")] == ["create"]

    assert (retried(run).status, called(api)) == ("succeeded", ["create", "look", "pay"])


def test_retry_knows_that_an_earlier_retry_has_rolled_back(api: FakeActionConnector) -> None:
    feature = made_of(call("create", rollback=call("remove")), call("pay"))
    api.script("pay", refused(), refused())
    api.script("remove", refused())
    first = _execute(make_store(feature), api)
    second = retried(first)  # whose rollback succeeds
    assert second.status == "failed"
    called(api)

    assert (retried(first).status, called(api)) == ("succeeded", ["create", "pay"])


def test_retry_goes_on_within_a_nested_run(api: FakeActionConnector) -> None:
    inner = made_of(call("create"), call("pay"), tag="inner")
    outer = made_of(calling("inner"), call("mail"), tag="order")
    api.script("pay", refused())
    run = _execute(make_store(inner, outer), api)

    retry = retried(run)

    assert (retry.status, called(api)) == ("succeeded", ["pay", "mail"])
    nested = models.Run.objects.get(parent=retry)
    assert nested.replay_of == models.Run.objects.get(parent=run)
    assert (nested.trigger, nested.status) == ("replay", "succeeded")


def test_retry_of_a_success_is_refused(integration: models.Integration, api: FakeActionConnector) -> None:
    with pytest.raises(OperationRefused, match="has succeeded; replay it"):
        replays.retry(execute(integration), by=SYSTEM, reason=WHY)


def test_retry_where_nobody_knows_what_was_written_is_refused(api: FakeActionConnector) -> None:
    feature = made_of(call("create"), call("pay"), store_event_results=False)
    api.script("pay", refused())
    run = _execute(make_store(feature), api)

    with pytest.raises(OperationRefused, match="kept no results of its steps, so nobody knows what it has written"):
        replays.retry(run, by=SYSTEM, reason=WHY)


# -- Replay ---------------------------------------------------------------------------------------------------------


def test_replay_from_the_beginning_does_writes_again_but_not_what_cannot_be_undone(
    integration: models.Integration, api: FakeActionConnector
) -> None:
    run = execute(integration)
    called(api)

    assert writes(run) == {"main/create": "again", "main/pay": "again", "main/mail": "take_over"}
    assert (replayed(run).status, called(api)) == ("succeeded", ["look", "create", "pay"])


def test_replay_does_with_each_write_what_was_chosen(integration: models.Integration, api: FakeActionConnector) -> None:
    run = execute(integration)
    called(api)

    replayed(run, writes={"main/create": "take_over", "main/mail": "again"})

    assert called(api) == ["look", "pay", "mail"]


def test_replay_from_a_step_takes_over_what_is_before_it(
    integration: models.Integration, api: FakeActionConnector
) -> None:
    run = execute(integration)
    called(api)

    assert fates(run, start="main/pay") == {
        "look": "take_over",
        "create": "take_over",
        "pay": "again",
        "mail": "take_over",
    }
    assert (replayed(run, start="main/pay").output, called(api)) == ({"paid": {"ok": True}}, ["pay"])


def test_replay_from_a_step_takes_over_other_branches(api: FakeActionConnector) -> None:
    sequence: Any = [
        {"sequence_tag": "first", "events": [call("look")]},
        {"sequence_tag": "left", "parents": ["first"], "events": [call("create")]},
        {"sequence_tag": "right", "parents": ["first"], "events": [call("pay")]},
        {"sequence_tag": "last", "parents": ["left", "right"], "events": [call("look", name="look_again")]},
    ]
    run = _execute(make_store({"tag": "order", "sequence": sequence, "output": None}), api)

    replayed(run, start="left/create")

    assert called(api) == ["create", "look"]


def test_replay_with_edited_input_is_checked_and_used(failed: models.Run, api: FakeActionConnector) -> None:
    run = replayed(failed, input={"n": 7}, start="main/create")

    assert (run.input, run.status) == ({"n": 7}, "succeeded")
    assert api.calls_of("create")[0].body == {"n": 7}
    with pytest.raises(InvalidInput, match="input/n: should be a whole number"):
        replays.replay(failed, by=SYSTEM, reason=WHY, input={"n": "many"})


def test_replay_on_the_latest_version_runs_what_is_published_now(
    integration: models.Integration, failed: models.Run, api: FakeActionConnector
) -> None:
    changed: Any = [{"sequence_tag": "main", "events": [call("look"), call("remove", name="create"), call("mail")]}]
    features.update(
        integration=integration, tag="order", changes={"sequence": changed, "output": None}, by=SYSTEM, publish=True
    )

    assert fates(failed, version="latest", start="failure") == {"look": "take_over", "create": "run", "mail": "run"}
    run = replayed(failed, version="latest", start="failure")

    assert (run.status, called(api)) == ("succeeded", ["remove", "mail"])
    assert run.feature_version is not None
    assert run.feature_version.number == 2
    assert replayed(failed).feature_version == failed.feature_version


def test_write_of_another_attempt_is_asked_about_too(failed: models.Run, api: FakeActionConnector) -> None:
    done = retried(failed)
    called(api)

    plan = replays.preview(failed, by=SYSTEM, start="main/pay").plan

    assert [(write.place, write.run_id, write.choice) for write in plan.writes] == [
        ("main/create", failed.pk, "take_over"),
        ("main/pay", done.pk, "again"),
        ("main/mail", done.pk, "take_over"),
    ]
    run = replayed(failed, start="main/pay")
    assert called(api) == ["pay"]
    assert run.steps.get(event="mail").taken_from == done.pk


def test_action_marked_irreversible_later_is_left_alone(
    integration: models.Integration, api: FakeActionConnector
) -> None:
    run = execute(integration)
    app = models.App.objects.get(tag="store")

    apps.put_part(tag=app.tag, part="actions", values={"effect": "irreversible"}, name="pay", by=SYSTEM)

    assert writes(run)["main/pay"] == "take_over"


def test_cut_off_write_is_named_as_uncertain(integration: models.Integration, api: FakeActionConnector) -> None:
    run = execute(integration)
    run.steps.filter(event="pay").update(status="failed", error_code="read_timeout")

    plan = replays.preview(run, by=SYSTEM, start="failure").plan

    assert plan.uncertain == ("main/pay",)


# -- Results that were not stored as they were ------------------------------------------------------------


def test_redacted_result_of_a_write_that_is_read_later_stands_in_the_way(failed: models.Run) -> None:
    failed.steps.filter(event="create").update(output={"id": REDACTED, "else": 1})

    plan = replays.preview(failed, by=SYSTEM, start="main/pay").plan

    assert [(problem.place, "main/pay" in problem.message) for problem in plan.problems] == [
        ("writes/main/create", True)
    ]
    with pytest.raises(InvalidInput, match="was redacted when it was stored"):
        replays.retry(failed, by=SYSTEM, reason=WHY)


def test_redacted_result_of_a_write_that_nobody_reads_is_taken_over(failed: models.Run) -> None:
    failed.steps.filter(event="create").update(output={"id": "o-1", "token": REDACTED})

    assert retried(failed).status == "succeeded"


def test_redacted_result_of_a_read_is_read_anew(api: FakeActionConnector) -> None:
    pay = call("pay", input={"body": {"id": "$Sequence{main}{look}{key}"}})
    api.answers["look"] = {"key": "k"}
    api.script("pay", refused())
    run = _execute(make_store(made_of(call("look"), call("create"), pay)), api)
    run.steps.filter(event="look").update(output={"key": REDACTED})

    assert (retried(run).status, called(api)) == ("succeeded", ["look", "pay"])


@pytest.mark.parametrize(
    ("event", "start", "reader"), [("create", "main/pay", "main/pay"), ("pay", "main/mail", "output")]
)
def test_truncated_result_of_a_write_stands_in_the_way_of_all_that_reads_it(
    integration: models.Integration, api: FakeActionConnector, event: str, start: str, reader: str
) -> None:
    run = execute(integration)
    run.steps.filter(event=event).update(output=TRUNCATED)

    again = {"main/mail": "again", "main/pay": "again" if event == "create" else "take_over"}
    plan = replays.preview(run, by=SYSTEM, start=start, writes=again).plan  # type: ignore[arg-type]  # both are choices

    message = f'"{reader}" reads of its result what was truncated when it was stored'
    assert (f"writes/main/{event}", message) in [(problem.place, problem.message) for problem in plan.problems]


def test_truncated_result_of_a_read_is_read_anew(integration: models.Integration, api: FakeActionConnector) -> None:
    pay = call("pay", input={"body": {"id": "$Sequence{main}{look}{key}"}})
    api.answers["look"] = {"key": "k"}
    changes: Any = {"sequence": [{"sequence_tag": "main", "events": [call("look"), pay]}], "output": None}
    features.update(integration=integration, tag="order", changes=changes, by=SYSTEM, publish=True)
    api.script("pay", refused())
    run = execute(integration)
    run.steps.filter(event="look").update(output=TRUNCATED)
    called(api)

    assert (retried(run).status, called(api)) == ("succeeded", ["look", "pay"])


# -- Refusals ---------------------------------------------------------------------------------------------------------


def test_replay_without_a_reason_is_refused(failed: models.Run) -> None:
    with pytest.raises(InvalidInput, match="reason: say why"):
        replays.replay(failed, by=SYSTEM, reason=" ")

    assert models.Run.objects.count() == 1


def test_replay_from_an_unknown_step_names_those_there_are(failed: models.Run) -> None:
    with pytest.raises(NotFound, match='no step "main/pray"; there are: "main/create", "main/look"'):
        replays.preview(failed, by=SYSTEM, start="main/pray")


def test_replay_takes_its_permission(failed: models.Run) -> None:
    somebody = person(*everything_but("replay_run"), member_of=failed.integration)

    for operation in (replays.replay, replays.retry):
        with pytest.raises(PermissionRefused):
            operation(failed, by=somebody, reason=WHY)


def test_replay_of_an_unfinished_run_is_refused(failed: models.Run) -> None:
    unfinished = replays.retry(failed, by=SYSTEM, reason=WHY)

    with pytest.raises(OperationRefused, match="is still queued"):
        replays.replay(unfinished, by=SYSTEM, reason=WHY)


def test_replay_in_an_inactive_environment_is_refused(integration: models.Integration, failed: models.Run) -> None:
    environments.update(integration=integration, tag="dev", changes={"active": False}, by=SYSTEM)
    failed.environment.refresh_from_db()

    with pytest.raises(OperationRefused, match="is inactive"):
        replays.retry(failed, by=SYSTEM, reason=WHY)


def test_latest_version_of_a_deleted_feature_is_refused_and_the_original_still_runs(
    integration: models.Integration, failed: models.Run, api: FakeActionConnector
) -> None:
    models.Feature.objects.all().delete()
    failed = models.Run.objects.get(pk=failed.pk)

    with pytest.raises(OperationRefused, match="there is no later version"):
        replays.preview(failed, by=SYSTEM, version="latest")

    assert retried(failed).status == "succeeded"


# -- Lineage ----------------------------------------------------------------------------------------------------------


def test_lineage_is_a_tree_whichever_run_is_asked(failed: models.Run, api: FakeActionConnector) -> None:
    api.script("pay", refused())
    second = retried(failed)
    third, fourth = replayed(failed), replayed(second)

    for run in (failed, second, third, fourth):
        tree = [(attempt.run.pk, attempt.depth) for attempt in replays.lineage(run)]
        assert tree == [(failed.pk, 0), (second.pk, 1), (fourth.pk, 2), (third.pk, 1)]


def made_of(*events: JsonObject, tag: str = "order", **more: Any) -> JsonObject:
    return {"tag": tag, "sequence": [{"sequence_tag": "main", "events": list(events)}], "output": None, **more}


def _execute(integration: models.Integration, api: FakeActionConnector, **input: Any) -> models.Run:
    run = runs.start(
        feature=features.fetch(integration=integration, tag="order", by=SYSTEM),
        environment=environments.fetch(integration=integration, tag="dev", by=SYSTEM),
        input=input,
        by=SYSTEM,
        trigger=models.Run.Trigger.BUILDER,
    )
    run = runs.execute(run)
    called(api)
    return run
