from __future__ import annotations

from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.builder import Ductape
from integrations.builder.integration import IntegrationBuilder
from integrations.definitions.secrecy import KEPT
from integrations.errors import AlreadyExists, DefinitionError, NotAvailableYet, NotFound, OperationRefused
from integrations.operations import integrations
from tests.scenes.scene import DOUBLE, FEATURE, everything_but, person

#: What each method for one kind is called, and what makes one.
MAKERS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("create_env", "fetch_env", "update_env", {"env_name": "Staging", "slug": "stg", "auth": {}}),
    ("create_function", "fetch_function", "update_function", DOUBLE),
    (
        "create_cache",
        "fetch_cache",
        "update_cache",
        {"tag": "brief", "sequence_tag": "s", "event_tag": "e", "expiry": 1, "period": "secs"},
    ),
    ("create_notification", "fetch_notification", "update_notification", {"tag": "alert"}),
    ("add_app", "fetch_app", "update_app", {"access_tag": "shop"}),
    (
        "create_feature",
        "fetch_feature",
        "update_feature",
        {"tag": "greet", "language": "js", "function": "() => 'hello'"},
    ),
    ("create_database", "fetch_database", "update_database", {"tag": "stock"}),
    ("create_job", "fetch_job", "update_job", {"tag": "nightly"}),
]
each_kind = pytest.mark.parametrize(("create", "fetch", "update", "values"), MAKERS, ids=[maker[0] for maker in MAKERS])


def name_in(values: dict[str, Any]) -> str:
    return str(values.get("tag") or values.get("slug") or values.get("access_tag"))


@each_kind
def test_what_exists_comes_back_unchanged_or_raises(
    create: str, fetch: str, update: str, values: dict[str, Any], builder: IntegrationBuilder
) -> None:
    first = getattr(builder, create)(**values)

    assert getattr(builder, create)(**values) == first
    assert getattr(builder, fetch)(name_in(values)) == first
    with pytest.raises(AlreadyExists, match=name_in(values)):
        getattr(builder, create)(**values, throw_error_if_exists=True)


@each_kind
def test_what_is_not_there_is_an_error_that_names_what_is(
    create: str, fetch: str, update: str, values: dict[str, Any], builder: IntegrationBuilder
) -> None:
    getattr(builder, create)(**values)

    for method in (fetch, update):
        with pytest.raises(NotFound, match=f'"gone"; there are: .*"{name_in(values)}"'):
            getattr(builder, method)("gone")


@each_kind
def test_what_was_fetched_makes_the_same_again(
    create: str, fetch: str, update: str, values: dict[str, Any], builder: IntegrationBuilder, ductape: Ductape
) -> None:
    plain = getattr(builder, create)(**values).to_dict()
    other = ductape.get_integration_builder()
    other.create_integration(name="Another one", description="Takes over")

    assert getattr(other, create)(**plain).to_dict() == plain
    assert getattr(builder, update)(name_in(values), **plain).to_dict() == plain


@each_kind
def test_unknown_keyword_is_a_problem_at_its_place(
    create: str, fetch: str, update: str, values: dict[str, Any], builder: IntegrationBuilder
) -> None:
    with pytest.raises(DefinitionError) as caught:
        getattr(builder, create)(**values, descripton="x")

    assert [problem.place.rpartition("/")[2] for problem in caught.value.problems] == ["descripton"]
    assert name_in(values) in caught.value.problems[0].place


def test_sealed_values_stay_when_what_was_fetched_is_passed_back(builder: IntegrationBuilder) -> None:
    builder.update_env("dev", auth={"password": "hush-env"})
    auth = {"auth_tag": "key", "data": {"api_key": "hush-app"}}
    builder.add_app(access_tag="shop", envs=[{"app_env_slug": "live", "integration_env_slug": "dev", "auth": auth}])
    env, app = builder.fetch_env("dev").to_dict(), builder.fetch_app("shop").to_dict()
    assert KEPT in str(env)
    assert "hush" not in str(env) + str(app)

    builder.update_env("dev", **env)
    builder.update_app("shop", **app)

    assert models.Environment.objects.get().open_auth() == {"password": "hush-env"}
    assert models.AppBinding.objects.get().open_auth() == {"api_key": "hush-app"}
    assert builder.fetch_env("dev").to_dict() == env
    assert builder.fetch_app("shop").to_dict() == app


def test_feature_is_published_when_it_is_made_unless_it_is_a_draft(builder: IntegrationBuilder) -> None:
    later: dict[str, Any] = {"tag": "later", "language": "python", "function": "return 1"}

    with pytest.raises(NotAvailableYet, match="features/later/language: python"):
        builder.create_feature(**later)
    with pytest.raises(NotFound):
        builder.fetch_feature("later")

    builder.create_feature(publish=False, **later)
    assert builder.fetch_feature("later").language == "python"
    assert not models.FeatureVersion.objects.exists()
    with pytest.raises(NotAvailableYet):
        builder.update_feature("later", description="Still not")
    assert builder.update_feature("later", publish=False, description="Still not").description == "Still not"


def test_function_is_published_when_it_is_made_unless_it_is_a_draft(builder: IntegrationBuilder) -> None:
    builder.create_function(**DOUBLE)
    builder.update_function("double", publish=False, function="(input) => 0")
    builder.update_function("double", function="(input) => 1")

    numbers = models.FunctionVersion.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1, 2]


def test_all_problems_come_at_once_with_hints(builder: IntegrationBuilder) -> None:
    builder.create_function(**DOUBLE)
    builder.add_app(access_tag="shop", envs=[{"app_env_slug": "live", "integration_env_slug": "dev"}])
    wrong = {
        **FEATURE,
        "sequence": [
            {
                "sequence_tag": "fetch",
                "parents": ["fetsh"],
                "events": [
                    {"type": "action", "event": "get_ordr", "app": "shop", "input": {"params": {"id": "$Inptu{id}"}}},
                    {"type": "function", "event": "dubble"},
                ],
            }
        ],
    }

    with pytest.raises(DefinitionError) as caught:
        builder.create_feature(**wrong)

    said = str(caught.value)
    for hint in ('"fetch"', '"get_order"', '"double"', "$Input"):
        assert f"did you mean {hint}" in said
    assert len(caught.value.problems) >= 4


def test_builder_without_an_integration_says_what_to_do(ductape: Ductape) -> None:
    builder = ductape.get_integration_builder()

    for method in (builder.fetch_integration, builder.fetch_envs, builder.update_integration):
        with pytest.raises(OperationRefused, match="call create_integration or initialize_integration first"):
            method()
    with pytest.raises(NotFound, match='there is no integration "gone"; there are none yet'):
        builder.initialize_integration("gone")


def test_builder_follows_its_integration_when_the_tag_changes(builder: IntegrationBuilder) -> None:
    builder.update_integration(tag="orders")

    assert builder.fetch_integration().tag == "orders"
    assert [env.slug for env in builder.fetch_envs()] == ["dev"]


def test_builder_of_someone_who_is_a_member_no_more_sees_nothing(builder: IntegrationBuilder) -> None:
    row = models.Integration.objects.get()
    member = person(*everything_but("view_every_integration"), member_of=row)
    own = Ductape(user=member).get_integration_builder(row.tag)
    assert [env.slug for env in own.fetch_envs()] == ["dev"]

    integrations.set_members(row=row, members=[], by=SYSTEM)

    with pytest.raises(NotFound):
        own.fetch_envs()
    with pytest.raises(NotFound):
        own.create_notification(tag="n")


def test_builder_of_a_deleted_integration_says_that_it_is_gone(builder: IntegrationBuilder) -> None:
    integrations.delete(row=models.Integration.objects.get(), by=SYSTEM)

    with pytest.raises(NotFound):
        builder.create_notification(tag="n")


def test_run_job_of_no_job_names_those_there_are(builder: IntegrationBuilder) -> None:
    builder.create_job(tag="nightly")

    with pytest.raises(NotFound, match='there is no job "gone"; there are: "nightly"'):
        builder.run_job("gone")


@pytest.mark.parametrize("value", [float("nan"), 2**63, "zero \x00", "half \ud800", {1: "a"}, object()])
def test_what_is_no_plain_json_is_refused_at_its_place(value: Any, builder: IntegrationBuilder) -> None:
    events = [{"type": "function", "event": "double", "input": {"n": value}}]
    with pytest.raises(DefinitionError) as caught:
        builder.create_feature(tag="odd", sequence=[{"sequence_tag": "s", "events": events}], output={})

    assert caught.value.problems[0].place.startswith("features/odd/sequence[0]/events[0]/input/n")
    with pytest.raises(DefinitionError):
        builder.create_notification(tag=value)
    assert not models.Feature.objects.exists()


@pytest.mark.parametrize("tag", ["half \ud800", "zero \x00", "", "a" * 10_000, 5, ["a"]])
def test_name_that_nothing_can_have_is_not_found(tag: Any, builder: IntegrationBuilder, ductape: Ductape) -> None:
    for fetch in (builder.fetch_feature, builder.fetch_env, builder.initialize_integration, ductape.get_app_builder):
        with pytest.raises(NotFound):
            fetch(tag)
