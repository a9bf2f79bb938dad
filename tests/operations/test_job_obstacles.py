"""Scheduled jobs that could not be started: refused when they are saved, and shown when that is so later."""

from __future__ import annotations

from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import DefinitionError
from integrations.operations import connected_apps, environments, jobs
from integrations.types import JsonObject
from tests.scenes.scene import make_scene, put
from tests.scenes.scheduling import HOUR, MINUTE, START, Hands, fire, fresh, hands, make_job

__all__ = ["hands"]

pytestmark = pytest.mark.django_db

DAILY: JsonObject = {"cron": "0 6 * * *"}
ORDER: JsonObject = {"type": "action", "event": "get_order", "app": "shop"}
NO_VERSION = "has no published version; publish it first"


def _refusal(integration: models.Integration, **fields: Any) -> list[str]:
    with pytest.raises(DefinitionError) as refused:
        put(integration, "jobs", tag="daily", schedule=DAILY, **fields)
    return [str(problem) for problem in refused.value.problems]


def test_inactive_environment_is_refused() -> None:
    scene = make_scene()
    put(scene, "environments", env_name="Old", slug="old", auth={}, active=False)

    found = _refusal(scene, env="old", target=ORDER, input={"id": "A"})

    assert found == ['jobs/daily/env: environment "old" is inactive (activate it, or name another)']


@pytest.mark.parametrize(
    ("target", "input"), [({"event": "look_up"}, {"id": "A"}), ({"type": "function", "event": "double"}, {"n": 1})]
)
def test_target_without_a_published_version_is_refused(target: JsonObject, input: JsonObject) -> None:
    scene = make_scene(publish=False)

    (problem,) = _refusal(scene, env="dev", target=target, input=input)

    assert "has no published version" in problem
    assert problem.startswith("jobs/daily/target/event: ")


@pytest.mark.parametrize("target", [ORDER, {"event": "look_up"}])
def test_environment_that_does_not_bind_what_is_called_is_refused(target: JsonObject) -> None:
    scene = make_scene()
    put(scene, "environments", env_name="Production", slug="prd", auth={})

    found = _refusal(scene, env="prd", target=target, input={"id": "A"})

    assert found == ['connected_apps/shop/envs: not bound in environment "prd" (bind it first)']


def test_job_that_is_run_by_hand_may_be_saved_before_its_target_is_published() -> None:
    scene = make_scene(publish=False)

    job = put(scene, "jobs", tag="daily", env="dev", target={"event": "look_up"})

    assert jobs.problems(job=job) == []


def test_target_that_this_release_cannot_run_is_stored_and_shown() -> None:
    scene = make_scene()
    envs = [{"slug": "dev"}]
    message = {"tag": "paid", "channel": "email", "subject": "Paid", "body": "It is paid"}
    put(scene, "notifications", tag="mail", name="Mail", envs=envs, messages=[message])

    target: JsonObject = {"type": "notification", "event": "mail:paid"}
    job = put(scene, "jobs", tag="daily", env="dev", schedule=DAILY, target=target)

    assert [problem.place for problem in jobs.problems(job=job)] == ["target/type"]


@pytest.mark.parametrize(
    ("schedule", "place"),
    [
        ({"start_at": (START - MINUTE).isoformat()}, "start_at"),
        ({"every": 60, "end_at": START.isoformat()}, "end_at"),
        ({"cron": "0 18 * * *", "end_at": (START + HOUR).isoformat()}, "end_at"),
    ],
)
def test_schedule_that_is_over_is_refused(hands: Hands, schedule: JsonObject, place: str) -> None:
    job = make_job(hands)

    with pytest.raises(DefinitionError) as new:
        put(job.integration, "jobs", tag="other", env="dev", target={"event": "tick"}, schedule=schedule)
    with pytest.raises(DefinitionError) as changed:
        jobs.reschedule(job=job, schedule=schedule, by=SYSTEM)

    assert [problem.place for problem in new.value.problems] == [f"jobs/other/schedule/{place}"]
    assert [problem.place for problem in changed.value.problems] == [f"jobs/tick/schedule/{place}"]


def test_job_whose_schedule_has_come_to_its_end_may_still_be_changed_otherwise(hands: Hands) -> None:
    job = make_job(hands, schedule={"start_at": (START + MINUTE).isoformat()})
    hands.turn(minutes=2)
    fire(hands)

    jobs.update(integration=job.integration, tag="tick", changes={"description": "Ticked"}, by=SYSTEM)

    assert fresh(job).description == "Ticked"


@pytest.mark.parametrize("schedule", [{"cron": "0 6 * * *", "tz": "Mars/Olympus"}, {"cron": 6}])
def test_schedule_that_cannot_be_read_any_more_is_called_broken(hands: Hands, schedule: JsonObject) -> None:
    job = make_job(hands)
    models.Job.objects.filter(pk=job.pk).update(schedule=schedule)
    hands.turn(minutes=10)
    fire(hands)

    assert jobs.standstill(fresh(job)) == "broken"
    assert jobs.problems(job=fresh(job))[0].place.split("/")[-2:][0] == "schedule"


def test_schedule_that_has_come_to_its_end_is_called_ended(hands: Hands) -> None:
    job = make_job(hands, schedule={"start_at": (START + MINUTE).isoformat()})
    hands.turn(minutes=2)
    fire(hands)

    assert jobs.standstill(fresh(job)) == "ended"


def test_what_becomes_wrong_later_is_among_the_problems_of_the_job() -> None:
    scene = make_scene()
    job = put(scene, "jobs", tag="daily", env="dev", schedule=DAILY, target={"event": "look_up"}, input={"id": "A"})
    assert jobs.problems(job=job) == []

    connected_apps.update(integration=scene, tag="shop", changes={"envs": []}, by=SYSTEM)
    assert [problem.place for problem in jobs.problems(job=job)] == ["connected_apps/shop/envs"]
    models.FeatureVersion.objects.all().delete()
    scene.touch()
    assert [problem.message for problem in jobs.problems(job=job)] == [f'feature "look_up" {NO_VERSION}']
    environments.update(integration=scene, tag="dev", changes={"active": False}, by=SYSTEM)

    (problem,) = jobs.problems(job=job)

    assert problem.message == 'environment "dev" is inactive'
