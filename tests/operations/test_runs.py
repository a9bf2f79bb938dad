from __future__ import annotations

from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM, Actor
from integrations.errors import DefinitionError, InvalidInput, NotFound, OperationRefused, PermissionRefused
from integrations.operations import apps, connected_apps, environments, features, functions, runs, secrets
from integrations.types import Json
from tests.factories.integration import EnvironmentFactory
from tests.scenes.scene import bound, everything_but, last_audit, make_scene, person, put

pytestmark = pytest.mark.django_db

CLOSED: dict[str, Any] = {"tag": "shut", "language": "js", "function": "(input) => input.n", "input": {"n": "number"}}


@pytest.fixture
def integration() -> models.Integration:
    return make_scene()


def start(
    integration: models.Integration, *, tag: str = "look_up", input: Json = None, env: str = "dev", by: Actor = SYSTEM
) -> models.Run:
    return runs.start(
        feature=features.fetch(integration=integration, tag=tag, by=SYSTEM),
        environment=environments.fetch(integration=integration, tag=env, by=SYSTEM),
        input={"id": "order-1"} if input is None else input,
        by=by,
        trigger=models.Run.Trigger.ADMIN,
    )


# -- Starting ---------------------------------------------------------------------------------------------------------


def test_start_stores_a_queued_run_on_the_published_version(integration: models.Integration) -> None:
    operator = person("start_run", member_of=integration)

    run = models.Run.objects.get(pk=start(integration, by=operator).pk)

    assert (run.status, run.trigger, run.input, run.created_by) == ("queued", "admin", {"id": "order-1"}, operator)
    assert run.feature_version == models.FeatureVersion.objects.get()
    assert run.release.to_definition().feature.tag == "look_up"
    audit = last_audit()
    assert (audit.action, audit.kind, audit.tag, audit.reason) == ("start", "run", str(run.pk), "look_up in dev")


def test_start_in_the_environment_of_another_integration_finds_none(integration: models.Integration) -> None:
    foreign = EnvironmentFactory.create(slug="dev")

    with pytest.raises(NotFound, match='no environment "dev"'):
        runs.start(
            feature=features.fetch(integration=integration, tag="look_up", by=SYSTEM),
            environment=foreign,
            input={"id": "order-1"},
            by=SYSTEM,
            trigger=models.Run.Trigger.ADMIN,
        )

    assert not models.Run.objects.exists()


def test_start_fills_in_defaults(integration: models.Integration) -> None:
    put(integration, "features", publish=True, **{**CLOSED, "input": {"n": {"type": "number", "default": 0}}})

    assert start(integration, tag="shut", input={}).input == {"n": 0}


@pytest.mark.parametrize(
    ("input", "problem"),
    [
        ({}, 'input/id: "id" is required'),
        ({"id": 7}, "input/id: should be text"),
        ({"id": "a", "ids": "b"}, 'input/ids: unknown field "ids" (did you mean "id"?)'),
        ([], "input: should be an object"),
        ("text", "input: should be an object"),
    ],
)
def test_start_with_a_bad_input_is_refused_at_its_place(
    input: Json, problem: str, integration: models.Integration
) -> None:
    with pytest.raises(InvalidInput) as caught:
        start(integration, input=input)

    assert problem in [str(each) for each in caught.value.problems]
    assert not models.Run.objects.exists()


def test_start_in_an_inactive_environment_is_refused(integration: models.Integration) -> None:
    environments.update(integration=integration, tag="dev", changes={"active": False}, by=SYSTEM)

    with pytest.raises(OperationRefused, match='environment "dev" is inactive; activate it'):
        start(integration)


def test_start_of_what_was_never_published_is_refused(integration: models.Integration) -> None:
    put(integration, "features", **CLOSED)

    with pytest.raises(OperationRefused, match='feature "shut" has no published version; publish it first'):
        start(integration, tag="shut", input={"n": 1})


def test_start_without_a_binding_names_what_to_bind(integration: models.Integration) -> None:
    put(integration, "environments", env_name="Production", slug="prd", auth={}, active=False)
    environments.update(integration=integration, tag="dev", changes={"active": False}, by=SYSTEM)
    models.Environment.objects.filter(slug="prd").update(active=True)

    with pytest.raises(DefinitionError) as caught:
        start(integration, env="prd")

    assert str(caught.value) == 'connected_apps/shop/envs: not bound in environment "prd" (bind it first)'


def test_start_with_a_secret_pasted_into_the_input_is_refused(integration: models.Integration) -> None:
    secrets.put(integration=integration, key="token", value="hush-hush-hush", by=SYSTEM)
    auth: Any = {"auth_tag": "key", "data": {"api_key": "key-of-the-shop"}}
    changes: Any = {"envs": [bound("dev", auth=auth)]}
    connected_apps.update(integration=integration, tag="shop", changes=changes, by=SYSTEM)

    for pasted in ("hush-hush-hush", "Bearer key-of-the-shop", "aHVzaC1odXNoLWh1c2g="):
        with pytest.raises(InvalidInput, match="it holds a secret") as caught:
            start(integration, input={"id": pasted})
        assert pasted not in str(caught.value)

    assert not models.Run.objects.exists()
    assert start(integration, input={"id": "hush"}).status == "queued"


def test_start_takes_a_permission_of_its_own(integration: models.Integration) -> None:
    with pytest.raises(PermissionRefused, match='"start_run"'):
        start(integration, by=person(*everything_but("start_run"), member_of=integration))


def test_fetch_of_a_foreign_run_answers_like_that_of_a_missing_one(integration: models.Integration) -> None:
    run = start(integration)
    stranger = person(*everything_but("view_every_integration"))
    member = person("view_run", member_of=integration)

    assert runs.fetch(run_id=str(run.pk), by=member) == run
    with pytest.raises(NotFound, match=f'there is no run "{run.pk}"'):
        runs.fetch(run_id=str(run.pk), by=stranger)
    with pytest.raises(PermissionRefused):
        runs.fetch(run_id=str(run.pk), by=person(*everything_but("view_run"), member_of=integration))


# -- Releases ---------------------------------------------------------------------------------------------------------


def test_equal_releases_share_a_row(integration: models.Integration) -> None:
    first, second = start(integration), start(integration)

    assert first.release == second.release
    assert models.Release.objects.count() == 1


def test_draft_of_a_feature_or_function_changes_no_release(integration: models.Integration) -> None:
    first = start(integration)
    features.update(integration=integration, tag="look_up", changes={"description": "Draft"}, by=SYSTEM)
    functions.update(integration=integration, tag="double", changes={"function": "() => 0"}, by=SYSTEM)

    assert start(integration).release == first.release


def test_function_that_is_published_again_is_used_by_the_next_run_only(integration: models.Integration) -> None:
    before = start(integration)
    changes: Any = {"function": "(input) => input.n * 3"}
    functions.update(integration=integration, tag="double", changes=changes, by=SYSTEM, publish=True)
    after = start(integration)

    before.refresh_from_db()
    sources = [run.release.to_definition().functions["double"].definition.function for run in (before, after)]
    assert sources == ["(input) => input.n * 2", "(input) => input.n * 3"]
    assert before.feature_version == after.feature_version


def test_run_keeps_its_release_when_an_action_of_the_app_changes(integration: models.Integration) -> None:
    before = start(integration)
    apps.put_part(tag="shop", part="actions", name="get_order", values={"resource": "/v2/orders/:id"}, by=SYSTEM)
    after = start(integration)

    resources = [
        run.release.to_definition().apps["shop"].action("get_order").resource  # type: ignore[union-attr]
        for run in (models.Run.objects.get(pk=before.pk), after)
    ]
    assert resources == ["/orders/:id", "/v2/orders/:id"]


def test_release_holds_what_the_feature_reaches_and_no_more(integration: models.Integration) -> None:
    put(integration, "functions", publish=True, tag="other", language="js", function="() => 1")

    release = start(integration).release.to_definition()

    assert set(release.functions) == {"double"}
    assert [action.tag for action in release.apps["shop"].actions] == ["get_order", "login"]
    assert release.apps["shop"].envs == ()


def test_release_of_a_function_that_was_never_published_is_refused_at_its_place(
    integration: models.Integration,
) -> None:
    put(integration, "functions", tag="draft", language="js", function="() => 1")
    events = [{"type": "function", "event": "draft"}]
    put(
        integration,
        "features",
        publish=True,
        tag="calls",
        sequence=[{"sequence_tag": "s", "events": events}],
        output={},
    )

    with pytest.raises(
        DefinitionError, match=r"features/calls/sequence\[0\]/events\[0\]/event: .* no published version"
    ):
        start(integration, tag="calls", input={})


def test_code_feature_carries_its_own_compiled_code(integration: models.Integration) -> None:
    put(integration, "features", publish=True, **{**CLOSED, "language": "ts", "function": "(input: any) => input.n"})

    release = start(integration, tag="shut", input={"n": 1}).release.to_definition()

    assert release.javascript is not None
    assert ": any" not in release.javascript


# -- Executing --------------------------------------------------------------------------------------------------------


def test_run_uses_the_version_that_it_started_on_however_late(
    integration: models.Integration, local_calls: None
) -> None:
    put(integration, "features", publish=True, **CLOSED)
    run = start(integration, tag="shut", input={"n": 1})
    changes: Any = {"function": "(input) => 'another'"}
    features.update(integration=integration, tag="shut", changes=changes, by=SYSTEM, publish=True)

    done = runs.execute(run)

    assert (done.status, done.output) == ("succeeded", 1)


def test_run_that_has_ended_is_not_executed_again(integration: models.Integration, local_calls: None) -> None:
    put(integration, "features", publish=True, **CLOSED)
    run = runs.execute(start(integration, tag="shut", input={"n": 1}))

    with pytest.raises(OperationRefused, match=f"run {run.pk} .*succeeded"):
        runs.execute(run)
    with pytest.raises(OperationRefused, match=f"run {run.pk} .*succeeded"):
        runs.resume(run=run, by=SYSTEM)


def test_resume_takes_the_permission_to_start(integration: models.Integration) -> None:
    run = start(integration)

    with pytest.raises(PermissionRefused):
        runs.resume(run=run, by=person(*everything_but("start_run"), member_of=integration))


def test_secret_of_a_binding_that_has_no_value_fails_the_run_with_its_key(
    integration: models.Integration, local_calls: None
) -> None:
    auth: Any = {"auth_tag": "key", "data": {"api_key": "$Secret{gone}"}}
    secrets.put(integration=integration, key="gone", value="hush-hush", by=SYSTEM)
    connected_apps.update(integration=integration, tag="shop", changes={"envs": [bound("dev", auth=auth)]}, by=SYSTEM)
    # Saving and deleting guard against this; a run must not depend on it.
    models.Secret.objects.filter(key="gone").delete()
    integration.touch()

    with pytest.raises(OperationRefused, match='a binding uses the secret "gone", which has no value'):
        start(integration)


def test_features_that_need_no_app_run_where_none_is_bound(integration: models.Integration, local_calls: None) -> None:
    put(integration, "features", publish=True, **CLOSED)
    put(integration, "environments", env_name="Production", slug="prd", auth={}, active=False)
    models.Environment.objects.filter(slug="prd").update(active=True)

    assert runs.execute(start(integration, tag="shut", input={"n": 0}, env="prd")).output == 0


@pytest.mark.parametrize("run_id", ["first", "", "01a20df5"])
def test_fetch_of_what_is_no_id_answers_like_a_missing_run(db: None, run_id: str) -> None:
    with pytest.raises(NotFound):
        runs.fetch(run_id=run_id, by=SYSTEM)
