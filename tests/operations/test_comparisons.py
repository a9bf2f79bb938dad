from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import OperationRefused, PermissionRefused
from integrations.operations import apps, comparisons, features, replays
from integrations.types import JsonObject
from tests.factories import RunFactory
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.replaying import ORDER, execute, make_store, refused, scripted
from tests.scenes.scene import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Iterator[FakeActionConnector]:
    with scripted() as fake:
        yield fake


@pytest.fixture
def integration() -> models.Integration:
    return make_store(ORDER)


def compared(left: models.Run, right: models.Run) -> comparisons.Comparison:
    return comparisons.compare(left, right, by=SYSTEM)


def test_equal_runs_differ_in_nothing_but_time(integration: models.Integration, api: FakeActionConnector) -> None:
    found = compared(execute(integration), execute(integration))

    assert (found.first, found.input, found.output, found.definition) == (None, [], [], [])
    assert [pair.name for pair in found.steps] == ["main/look", "main/create", "main/pay", "main/mail"]
    assert all(isinstance(pair.left_took, dt.timedelta) for pair in found.steps)
    assert all(isinstance(pair.right_took, dt.timedelta) for pair in found.steps)
    assert [(each.access_tag, each.is_known, each.is_equal) for each in found.bindings] == [("store", True, True)]


def test_step_that_was_taken_over_took_no_time_in_the_run_that_has_it(
    integration: models.Integration, api: FakeActionConnector
) -> None:
    api.script("pay", refused())
    failed = execute(integration)
    retried = replays.go_on(replays.retry(failed, by=SYSTEM, reason="the API is back"))

    pair = compared(failed, retried).steps[0]

    assert pair.left_took is not None
    assert pair.right_took is None


def test_first_step_that_differs_is_named_with_what_differs(
    integration: models.Integration, api: FakeActionConnector
) -> None:
    good = execute(integration)
    api.script("create", {"id": "o-2"})
    api.script("pay", refused())

    found = compared(good, execute(integration, n=2))

    assert [(each.place, each.left, each.right) for each in found.input] == [("n", 1, 2)]
    first = found.first
    assert first is not None
    assert (first.name, first.differs_in) == ("main/create", ("input", "output"))
    assert [(each.place, each.right) for each in first.input] == [("body/n", 2)]
    assert [(each.place, each.left, each.right) for each in first.output] == [("id", "o-1", "o-2")]
    assert {pair.name: pair.differs_in for pair in found.steps}["main/pay"] == ("status", "input", "output", "error")
    assert found.steps[-1].differs_in == ("only in one run",)


def test_changed_definition_is_shown_at_its_place(integration: models.Integration, api: FakeActionConnector) -> None:
    before = execute(integration)
    features.update(integration=integration, tag="order", changes={"output": {"paid": 1}}, by=SYSTEM, publish=True)

    found = compared(before, execute(integration))

    assert {each.place for each in found.definition} == {"feature/output/paid", "version"}
    assert [each.place for each in found.output] == ["paid"]


def test_changed_binding_is_noticed(integration: models.Integration, api: FakeActionConnector) -> None:
    before = execute(integration)
    moved: JsonObject = {"base_url": "https://elsewhere.example"}
    apps.put_part(tag="store", part="envs", values=moved, name="live", by=SYSTEM)

    found = compared(before, execute(integration))

    assert [(each.is_known, each.is_equal) for each in found.bindings] == [(True, False)]


def test_retry_compares_with_what_it_retried(integration: models.Integration, api: FakeActionConnector) -> None:
    api.script("pay", refused())
    failed = execute(integration)

    found = compared(failed, replays.go_on(replays.retry(failed, by=SYSTEM, reason="again")))

    assert found.first is not None
    assert found.first.name == "main/pay"


def test_candidates_begin_with_the_last_success_in_the_same_environment(integration: models.Integration) -> None:
    feature, dev = integration.features.get(), integration.environments.get()
    common = {"integration": integration, "feature": feature}
    success = RunFactory.create(**common, environment=dev, succeeded=True)
    elsewhere = RunFactory.create(**common, succeeded=True)
    run = RunFactory.create(**common, environment=dev, failed=True)
    newest = RunFactory.create(**common, environment=dev, failed=True)
    RunFactory.create(integration=integration, environment=dev, succeeded=True)

    assert comparisons.candidates(run, by=SYSTEM) == [success, newest, elsewhere]
    assert comparisons.candidates(run, by=person("view_run")) == []


def test_runs_that_cannot_be_compared_are_refused(integration: models.Integration) -> None:
    run, other = RunFactory.create(failed=True), RunFactory.create(failed=True)

    with pytest.raises(OperationRefused, match="one and the same"):
        compared(run, run)
    with pytest.raises(OperationRefused, match="different features"):
        compared(run, other)
    with pytest.raises(PermissionRefused):
        comparisons.compare(run, other, by=person())
