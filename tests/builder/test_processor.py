from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.builder import Ductape
from integrations.builder.integration import IntegrationBuilder
from integrations.engine.records import StepRecord
from integrations.errors import InvalidInput, NotFound, OperationRefused, PermissionRefused
from integrations.types import Json
from tests.scenes.scene import everything_but, person

CODE = "(input) => { console.log('got', input.n); if (input.n > 9) throw new Error('too much'); return input.n + 1; }"


@pytest.fixture
def feature(builder: IntegrationBuilder, local_calls: None) -> IntegrationBuilder:
    builder.create_feature(tag="count", language="js", function=CODE, input={"n": "number"}, output={"type": "number"})
    return builder


def test_process_feature_returns_how_the_run_ended(feature: IntegrationBuilder) -> None:
    told: list[StepRecord] = []

    result = (
        Ductape(user=SYSTEM)
        .get_processor()
        .process_feature(integration="order_sync", env="dev", feature_tag="count", input={"n": 0}, on_step=told.append)
    )

    run = models.Run.objects.get()
    assert (result.process_id, result.status, result.output, result.error) == (str(run.pk), "succeeded", 1, "")
    assert run.trigger == "builder"
    (step,) = result.steps
    assert (step.type, step.status, step.attempt, step.role, step.iteration) == (
        "function",
        "succeeded",
        1,
        "event",
        None,
    )
    assert (step.input, step.output) == ({"n": 0}, 1)
    assert step.duration_ms is not None
    assert step.duration_ms > 0
    assert [record.status for record in told][-1] == "succeeded"
    assert [line.text for line in models.RunLog.objects.all()] == ["got 0"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.status = "failed"  # type: ignore[misc]  # that it is frozen is the point


def test_process_feature_that_fails_is_a_result(feature: IntegrationBuilder) -> None:
    result = (
        Ductape(user=SYSTEM)
        .get_processor()
        .process_feature(integration="order_sync", env="dev", feature_tag="count", input={"n": 10})
    )

    assert (result.status, result.output) == ("failed", None)
    assert "too much" in result.error
    assert models.Step.objects.get().error_line == 1


def test_process_feature_is_refused_before_anything_runs(feature: IntegrationBuilder) -> None:
    process = Ductape(user=SYSTEM).get_processor().process_feature

    with pytest.raises(NotFound, match='there is no integration "gone"; there are: "order_sync"'):
        process(integration="gone", env="dev", feature_tag="count", input={"n": 0})
    with pytest.raises(NotFound, match='there is no environment "prd"; there are: "dev"'):
        process(integration="order_sync", env="prd", feature_tag="count", input={"n": 0})
    with pytest.raises(NotFound, match='there is no feature "gone"; there are: "count"'):
        process(integration="order_sync", env="dev", feature_tag="gone", input={"n": 0})
    with pytest.raises(InvalidInput, match='input/n: "n" is required'):
        process(integration="order_sync", env="dev", feature_tag="count")
    feature.update_env("dev", active=False)
    with pytest.raises(OperationRefused, match="inactive"):
        process(integration="order_sync", env="dev", feature_tag="count", input={"n": 0})

    assert not models.Run.objects.exists()


def test_process_feature_runs_on_behalf_of_its_user(feature: IntegrationBuilder) -> None:
    row = models.Integration.objects.get()
    member = person(*everything_but("start_run", "view_every_integration"), member_of=row)
    stranger = person(*everything_but("view_every_integration"))

    with pytest.raises(PermissionRefused, match='"start_run"'):
        Ductape(user=member).get_processor().process_feature(
            integration="order_sync", env="dev", feature_tag="count", input={"n": 0}
        )
    with pytest.raises(NotFound):
        Ductape(user=stranger).get_processor().process_feature(
            integration="order_sync", env="dev", feature_tag="count", input={"n": 0}
        )
    operator = person(group="Operators", member_of=row)
    result = (
        Ductape(user=operator)
        .get_processor()
        .process_feature(integration="order_sync", env="dev", feature_tag="count", input={"n": 0})
    )

    assert result.status == "succeeded"
    assert models.Run.objects.get().created_by == operator


def _deep() -> Json:
    value: Json = 0
    for _ in range(1_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**63, "zero \x00", "half \ud800", _deep(), ("a tuple", {1})]
)
def test_process_feature_with_what_is_no_plain_json_is_refused(value: Any, feature: IntegrationBuilder) -> None:
    feature.create_feature(tag="open", language="js", function="(input) => input")

    with pytest.raises(InvalidInput) as caught:
        Ductape(user=SYSTEM).get_processor().process_feature(
            integration="order_sync", env="dev", feature_tag="open", input={"value": value}
        )

    assert caught.value.problems[0].place.startswith("input/value")
    assert not models.Run.objects.exists()
