from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from integrations.actors import SYSTEM
from integrations.operations import dispatch, jobs
from tests.scenes.nesting import PAUSE, made_of, make_nest
from tests.scenes.scene import put

pytestmark = pytest.mark.django_db(transaction=True)


def called(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


@pytest.fixture
def home_tag() -> str:
    home = make_nest(made_of("tick", PAUSE, input={"n": "number"}))
    put(home, "jobs", tag="tick", env="dev", input={"n": 1}, schedule={"cron": "0 6 1 1 *", "tz": "Europe/Berlin"})
    return home.tag


def test_run_job_prints_how_the_run_ended(home_tag: str) -> None:
    assert "succeeded" in called("run_job", home_tag, "tick")


def test_run_job_with_an_input_that_does_not_fit_says_where(home_tag: str) -> None:
    with pytest.raises(CommandError, match="input/n"):
        called("run_job", home_tag, "tick", "--input", '{"n": "many"}')
    with pytest.raises(CommandError, match="the input should be an object"):
        called("run_job", home_tag, "tick", "--input", "[]")


def test_list_schedule_says_when_or_why_not(home_tag: str) -> None:
    assert "-01-01 05:00:00" in called("list_schedule", home_tag)

    job = jobs.fetch_all(integration=jobs.JobStore.model.objects.get().integration, by=SYSTEM)
    jobs.pause(jobs=job, by=SYSTEM)

    assert called("list_schedule").startswith("paused  ")
    dispatch.pause(reason="Upgrade", by=SYSTEM)
    assert called("list_schedule").startswith("Dispatch is paused, so nothing fires: Upgrade\npaused  ")
    with pytest.raises(CommandError, match="there is no integration"):
        called("list_schedule", "gone")
    with pytest.raises(CommandError, match="--count: should be a whole number from 1 to 10000"):
        called("list_schedule", "--count", "-1")
