"""However a run is started, its input may have so many bytes and no more."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import DefinitionError, InvalidInput
from integrations.operations import jobs, replays, runs, secrets
from integrations.types import JsonObject
from tests.scenes.nesting import PAUSE, calling, made_of, make_nest, start
from tests.scenes.scene import put
from tests.scenes.scheduling import Hands, fire, fresh, hands, make_job, reasons

__all__ = ["hands"]

pytestmark = pytest.mark.django_db

TEXT = {"text": "string"}
#: As JSON with its key `{"text":"…"}` as large as it may be, and one byte more.
FITS, TOO_LARGE = "x" * (1024 - 11), "x" * (1024 - 10)
WHY = "input: it is 1025 bytes long and may have 1024 .*DUCTAPE_INPUT_CAP_BYTES"


@pytest.fixture(autouse=True)
def _cap(settings: Settings) -> None:
    settings.DUCTAPE_INPUT_CAP_BYTES = 1024


def note(**more: Any) -> Any:
    return made_of("note", PAUSE, input=TEXT, **more)


def nightly(integration: models.Integration, text: str, **more: Any) -> models.Job:
    fields = {"tag": "nightly", "env": "dev", "target": {"event": "note"}, "input": {"text": text}, **more}
    job: models.Job = put(integration, "jobs", **fields)
    return job


def test_start_takes_an_input_up_to_the_cap_and_says_what_is_wrong_with_a_larger_one() -> None:
    integration = make_nest(note())

    assert start(integration, "note", text=FITS).input == {"text": FITS}
    with pytest.raises(InvalidInput, match=WHY):
        start(integration, "note", text=TOO_LARGE)
    assert models.Run.objects.count() == 1


def test_cap_counts_bytes_and_not_characters() -> None:
    with pytest.raises(InvalidInput, match="it is 1211 bytes long"):
        start(make_nest(note()), "note", text="ß" * 600)


def test_replay_with_a_larger_input_is_refused_and_one_with_the_same_is_not(settings: Settings) -> None:
    run = start(make_nest(note()), "note", text=FITS)
    runs.cancel(run=run, by=SYSTEM)
    run.refresh_from_db()

    with pytest.raises(InvalidInput, match=WHY):
        replays.replay(run, by=SYSTEM, reason="again", input={"text": TOO_LARGE})
    settings.DUCTAPE_INPUT_CAP_BYTES = 1
    assert replays.replay(run, by=SYSTEM, reason="again").input == run.input


def test_job_by_hand_is_refused() -> None:
    integration = make_nest(note())
    job = nightly(integration, "short")

    with pytest.raises(InvalidInput, match=WHY):
        jobs.run(job=job, input={"text": TOO_LARGE}, by=SYSTEM, trigger=models.Run.Trigger.ADMIN)


@pytest.mark.parametrize("schedule", [None, {"every": 600}])
def test_job_is_saved_with_an_input_up_to_the_cap_and_no_larger_one(schedule: JsonObject | None) -> None:
    integration = make_nest(note())

    job = nightly(integration, FITS, schedule=schedule)
    with pytest.raises(DefinitionError, match=f"jobs/nightly/{WHY}"):
        jobs.update(integration=integration, tag="nightly", changes={"input": {"text": TOO_LARGE}}, by=SYSTEM)

    job.refresh_from_db()
    assert job.input == {"text": FITS}
    assert jobs.problems(job=job) == []


def test_scheduled_job_is_not_saved_with_an_input_that_is_too_large_with_what_its_target_fills_in() -> None:
    fields: JsonObject = {"text": "string", "lang": {"type": "string", "required": False, "defaultValue": "en"}}
    integration = make_nest(made_of("note", PAUSE, input=fields))

    with pytest.raises(DefinitionError, match="jobs/nightly/input: it is 1036 bytes long"):
        nightly(integration, FITS, schedule={"every": 600})


def test_scheduled_job_is_not_saved_with_a_secret_in_its_input() -> None:
    integration = make_nest(note())
    secrets.put(integration=integration, key="pin", value="correct-horse", by=SYSTEM)

    with pytest.raises(DefinitionError, match="jobs/nightly/input: it holds a secret") as refused:
        nightly(integration, "correct-horse", schedule={"every": 600})

    assert "horse" not in str(refused.value)


def test_job_whose_input_became_too_large_says_so(settings: Settings) -> None:
    integration = make_nest(note())
    job = nightly(integration, FITS, schedule={"every": 600})

    settings.DUCTAPE_INPUT_CAP_BYTES = 1023

    (problem,) = jobs.problems(job=job)
    assert problem.place == "jobs/nightly/input"
    assert "DUCTAPE_INPUT_CAP_BYTES" in problem.hint


def test_slot_of_a_job_whose_input_is_too_large_says_so(hands: Hands, settings: Settings) -> None:
    integration = make_nest(note())
    job = make_job(hands, integration, target={"event": "note"}, input={"text": FITS})
    settings.DUCTAPE_INPUT_CAP_BYTES = 1023
    hands.turn(minutes=10)

    fire(hands)

    assert "DUCTAPE_INPUT_CAP_BYTES" in reasons(fresh(job))[0]
    assert not models.Run.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["feature", "job"])
def test_event_that_hands_on_a_larger_input_fails_with_the_reason(kind: str) -> None:
    text = "$Input{text}" * 2
    integration = make_nest(note())
    nightly(integration, "short")
    event: JsonObject = (
        calling("note", input={"text": text})
        if kind == "feature"
        else {"type": "job", "event": "nightly", "input": {"text": text}}
    )
    put(integration, "features", publish=True, **made_of("outer", event, input=TEXT))

    run = runs.execute(start(integration, "outer", text="x" * 600))

    assert run.status == "failed"
    assert run.error_code == ("input_too_large" if kind == "feature" else "job_not_started")
    assert "it is 1211 bytes long and may have 1024" in run.error_message
    assert models.Run.objects.count() == 1
