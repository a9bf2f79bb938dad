"""What jobs run, executed to their ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import InvalidInput
from integrations.operations import jobs, replays, runs
from integrations.types import JsonObject
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.nesting import PAUSE, made_of, make_nest
from tests.scenes.replaying import called, make_store, scripted
from tests.scenes.scene import put

pytestmark = pytest.mark.django_db

BY_HAND = models.Run.Trigger.BUILDER


@pytest.fixture
def api() -> Iterator[FakeActionConnector]:
    with scripted() as fake:
        yield fake


@pytest.mark.parametrize("input", [{"body": {"n": 3}}, {"n": 3}, {}])
def test_action_that_a_job_runs_is_called_with_its_input(api: FakeActionConnector, input: JsonObject) -> None:
    target: JsonObject = {"type": "action", "event": "create", "app": "store"}
    job = put(make_store(), "jobs", tag="create_one", env="dev", target=target, input=input)

    run = runs.execute(jobs.run(job=job, by=SYSTEM, trigger=BY_HAND))

    assert (run.status, run.output) == ("succeeded", {"id": "o-1"})
    assert [(call.action.tag, call.body) for call in api.calls] == [("create", {"n": 3} if input else None)]


def test_action_that_a_job_has_run_is_replayed(api: FakeActionConnector) -> None:
    target: JsonObject = {"type": "action", "event": "look", "app": "store"}
    job = put(make_store(), "jobs", tag="look_at_it", env="dev", target=target)
    run = runs.execute(jobs.run(job=job, by=SYSTEM, trigger=BY_HAND))

    replay = runs.execute(replays.replay(run, by=SYSTEM, reason="once more"))

    assert (replay.status, replay.output, called(api)) == ("succeeded", {"free": 3}, ["look", "look"])


def two_features() -> models.Integration:
    """Return an integration with the published features `first` and `second`, which say which they are."""
    return make_nest(*(made_of(tag, PAUSE, output={"is": tag}) for tag in ("first", "second")))


def ran(job: models.Job) -> models.Run:
    return runs.execute(jobs.run(job=job, by=SYSTEM, trigger=BY_HAND))


@pytest.mark.parametrize("new", ["second", "third"])
def test_job_of_the_feature_of_its_tag_still_runs_that_one_when_it_is_renamed(new: str) -> None:
    integration = two_features()
    put(integration, "jobs", tag="first", env="dev", schedule={"every": 600})

    job = jobs.update(integration=integration, tag="first", changes={"tag": new}, by=SYSTEM)

    assert (job.tag, job.target) == (new, {"event": "first"})
    assert ran(job).output == {"is": "first"}


def test_job_that_runs_nothing_yet_runs_the_feature_of_its_new_tag() -> None:
    integration = two_features()
    put(integration, "jobs", tag="frist", env="dev")

    job = jobs.update(integration=integration, tag="frist", changes={"tag": "first"}, by=SYSTEM)

    assert job.target is None
    assert ran(job).output == {"is": "first"}


@pytest.mark.parametrize(
    ("input", "problem"),
    [([1], "input: should be an object"), ("x", "input: should be an object"), ({"n": {1, 2}}, "input/n: set is not")],
)
def test_input_that_is_no_json_object_is_refused_with_its_place(input: Any, problem: str) -> None:
    integration = two_features()
    job = put(integration, "jobs", tag="first", env="dev")

    with pytest.raises(InvalidInput, match=f"^{problem}"):
        jobs.run(job=job, by=SYSTEM, trigger=BY_HAND, input=input)
