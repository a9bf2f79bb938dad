"""What jobs run besides features, executed to their ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations import models
from integrations.operations import jobs, replays, runs
from integrations.operations.actors import SYSTEM
from integrations.types import JsonObject
from tests.fakes.connectors import FakeActionConnector
from tests.operations.replaying import called, make_store, scripted
from tests.operations.scene import put

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
