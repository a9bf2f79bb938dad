"""The faults of like systems that must not be ours, each in a real run: see also tests/engine for each of its parts."""

from __future__ import annotations

import base64
import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.builder import Ductape
from integrations.builder.integration import IntegrationBuilder
from integrations.errors import DefinitionError
from integrations.operations import integrations, runs, secrets
from integrations.types import Json, JsonObject
from tests.fakes.api import Answer, Api, Request, running_api
from tests.journeys.scene import PASSWORD, call, echo, make_scene, run, sequence

pytestmark = pytest.mark.django_db

TOKEN = "tok-9f8e7d6c5b4a"
SECRET = "hush/hush+secret"


class Script:
    """Answers a path with what was set for it, one after the other, the last one again; else with what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {"/login": [Answer(body={"token": TOKEN})]}

    def __call__(self, request: Request) -> Answer:
        answers = self.answers.get(request.path)
        if answers is None:
            return Answer(body=request.body)
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def api(local_calls: None, script: Script) -> Iterator[Api]:
    with running_api(script) as api:
        yield api


@pytest.fixture
def builder(api: Api) -> IntegrationBuilder:
    return make_scene(api.url)


def test_sequences_may_be_a_hundred_deep(builder: IntegrationBuilder) -> None:
    chain = [sequence("s0", echo({"n": "$Input{n}"}))]
    chain += [
        sequence(
            f"s{depth}", echo({"n": f"$Add($Sequence{{s{depth - 1}}}{{echo}}{{n}}, 1)"}), parents=(f"s{depth - 1}",)
        )
        for depth in range(1, 100)
    ]
    builder.create_feature(tag="try", input={"n": "number"}, sequence=chain, output="$Sequence{s99}{echo}{n}")

    assert run(input={"n": 1}).output == 100


def test_failure_stops_what_waits_for_it(builder: IntegrationBuilder, script: Script, api: Api) -> None:
    script.answers["/first"] = [Answer(status=409, body={"message": "taken"})]
    builder.create_feature(
        tag="try",
        sequence=[sequence("one", call("first")), sequence("two", call("second"), parents=("one",))],
        output={},
    )

    result = run()

    assert (result.status, result.error) == ("failed", "POST /first answered 409: taken")
    assert api.asked("/second") == []
    assert [(step.event, step.status) for step in result.steps] == [("first", "failed")]


@pytest.mark.parametrize("value", [0, False, "", [], {}, 0.5, 2**63 - 1])
def test_value_that_is_empty_goes_through_every_station_as_it_is(
    value: Json, builder: IntegrationBuilder, api: Api
) -> None:
    builder.create_feature(
        tag="try",
        sequence=[
            sequence("one", call("first", body={"value": "$Input{value}"})),
            sequence("two", echo({"value": "$Sequence{one}{first}{value}"}), parents=("one",)),
        ],
        output={"value": "$Sequence{two}{echo}{value}"},
    )

    result = run(input={"value": value})

    assert (result.output, result.error) == ({"value": value}, "")
    assert type(result.output["value"]) is type(value)  # type: ignore[index,call-overload]
    assert [request.body for request in api.requests] == [{"value": value}]


def test_waiting_run_goes_on_after_a_restart_with_the_retries_that_it_has_left(
    builder: IntegrationBuilder, script: Script, api: Api
) -> None:
    script.answers["/second"] = [Answer(status=503, headers={"Retry-After": "3600"})]
    builder.create_feature(tag="try", sequence=[sequence("one", call("first"), call("second", retries=2))], output={})
    row = runs.run_feature(
        integration="lab",
        environment="dev",
        feature="try",
        input={},
        by=SYSTEM,
        trigger=models.Run.Trigger.COMMAND,
        patience_seconds=0,
    )
    assert row.status == "waiting"
    assert row.due_at is not None
    assert row.due_at > timezone.now() + dt.timedelta(seconds=3500)

    for _ in range(2):
        past = timezone.now() - dt.timedelta(seconds=1)
        models.Step.objects.filter(due_at__isnull=False).update(due_at=past)
        row = runs.resume(run=runs.fetch(run_id=str(row.pk), by=SYSTEM), by=SYSTEM, patience_seconds=0)

    assert (row.status, row.error_code, row.error_place) == ("failed", "http_503", "one/second")
    assert len(api.asked("/first")) == 1
    tries = api.asked("/second")
    assert len(tries) == 3
    assert len({request.headers["idempotency-key"] for request in tries}) == 1


@pytest.mark.parametrize(("retries", "calls"), [(0, 1), (None, 5), (2, 3)])
def test_retries_are_as_many_as_the_event_says_or_else_the_app(
    retries: int | None, calls: int, builder: IntegrationBuilder, script: Script, api: Api
) -> None:
    script.answers["/first"] = [Answer(status=503)]
    builder.create_feature(tag="try", sequence=[sequence("one", call("first", retries=retries))], output={})

    assert run().status == "failed"
    assert len(api.asked("/first")) == calls


def test_error_without_a_response_is_an_error_like_any_other(builder: IntegrationBuilder, api: Api) -> None:
    Ductape(user=SYSTEM).get_app_builder("api").update_env("local", base_url="http://127.0.0.1:9")
    builder.create_feature(tag="try", sequence=[sequence("one", call("first", retries=1))], output={})

    result = run()

    assert result.status == "failed"
    assert "127.0.0.1" in result.error
    assert [(step.attempt, step.status) for step in result.steps] == [(1, "failed"), (2, "failed")]


def test_condition_is_read(builder: IntegrationBuilder, api: Api) -> None:
    condition = {"subject": "$Input{total}", "decision_type": "greater-than", "value": 0}
    builder.create_feature(
        tag="try", input={"total": "number"}, sequence=[sequence("one", call("first", condition=condition))], output={}
    )

    skipped, done = run(input={"total": 0}), run(input={"total": 1})

    assert [step.status for step in (*skipped.steps, *done.steps)] == ["skipped", "succeeded"]
    assert "greater" in skipped.steps[0].reason
    assert len(api.asked("/first")) == 1


def test_cache_is_read(builder: IntegrationBuilder, api: Api) -> None:
    builder.create_cache(tag="brief", sequence_tag="one", event_tag="first", expiry=5, period="mins")
    builder.create_feature(
        tag="try",
        input={"n": "number"},
        sequence=[sequence("one", call("first", body={"n": "$Input{n}"}, cache="brief"))],
        output="$Sequence{one}{first}",
    )

    outputs = [run(input={"n": n}).output for n in (1, 1, 2)]

    assert outputs == [{"n": 1}, {"n": 1}, {"n": 2}]
    assert [request.body for request in api.asked("/first")] == [{"n": 1}, {"n": 2}]


EVIL = "$Secret{pin} $Input{x} {{7*7}} ${7*7} __import__('os').system('id') $Add(1, 2) %s {0.__class__}"


def test_text_from_a_response_or_an_input_is_never_a_reference(
    builder: IntegrationBuilder, script: Script, api: Api
) -> None:
    secrets.put(integration=integrations.fetch(tag="lab", by=SYSTEM), key="pin", value=SECRET, by=SYSTEM)
    script.answers["/first"] = [Answer(body={"said": EVIL, EVIL: EVIL})]
    builder.create_feature(
        tag="try",
        sequence=[
            sequence("one", call("first")),
            sequence(
                "two",
                call("second", body={"said": "$Sequence{one}{first}{said}", "given": "$Input{x}"}),
                echo({"said": "<$Sequence{one}{first}{said}>"}),
                parents=("one",),
            ),
        ],
        output={"all": "$Sequence{one}{first}", "second": "$Sequence{two}{second}", "echo": "$Sequence{two}{echo}"},
    )

    result = run(input={"x": EVIL})

    assert result.output == {
        "all": {"said": EVIL, EVIL: EVIL},
        "second": {"said": EVIL, "given": EVIL},
        "echo": {"said": f"<{EVIL}>"},
    }
    assert api.asked("/second")[0].body == {"said": EVIL, "given": EVIL}


@pytest.mark.parametrize("text", ["$Input{x}.__class__.mro()", "$Exec(1)", "$Input{x}{__class__", "$Add(1, open())"])
def test_expression_is_a_reference_or_refused_or_text_but_never_run(text: str, builder: IntegrationBuilder) -> None:
    feature: dict[str, Any] = {
        "tag": "try",
        "sequence": [sequence("one", echo({"t": text}))],
        "output": "$Sequence{one}{echo}{t}",
    }
    try:
        builder.create_feature(**feature)
    except DefinitionError as error:
        assert error.problems[0].place.startswith("features/try/sequence[0]/events[0]/input/t")
        return

    assert run(input={"x": "a"}).output == "a.__class__.mro()"


# -- Nothing secret is stored or logged --------------------------------------------------------------------------------


def test_secrets_and_tokens_are_in_no_table_and_no_log(
    builder: IntegrationBuilder, script: Script, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    secrets.put(integration=integrations.fetch(tag="lab", by=SYSTEM), key="pin", value=SECRET, by=SYSTEM)
    encoded: list[Json] = [_base64(TOKEN), _base64(f"ann:{PASSWORD}"), quote(SECRET, safe="")]
    repeated: JsonObject = {"token": TOKEN, "inside": f"<{SECRET}>", "encoded": encoded}
    script.answers["/first"] = [Answer(body=repeated, headers={"X-Token": TOKEN, "Set-Cookie": f"s={TOKEN}"})]
    refusal = f"{TOKEN} and {SECRET} and {_base64(SECRET)} and {PASSWORD} are not welcome"
    script.answers["/third"] = [Answer(status=400, body={"message": refusal})]
    headers = {"Authorization": "Bearer $Auth{user_login}{token}", "X-Pin": "$Secret{pin}"}
    builder.create_cache(tag="brief", sequence_tag="one", event_tag="first", expiry=5, period="mins")
    builder.create_feature(
        tag="try",
        sequence=[
            sequence("one", call("first", body={"pin": "$Secret{pin}"}, input={"headers": headers}, cache="brief")),
            sequence(
                "two",
                call("second", body="$Sequence{one}{first}"),
                echo({"everything": "$Sequence{one}{first}", "pin": "$Secret{pin}"}),
                call("third", body={"token": "$Auth{user_login}{token}"}, allow_fail=True),
                parents=("one",),
            ),
        ],
        output={"first": "$Sequence{one}{first}", "echo": "$Sequence{two}{echo}"},
    )

    with caplog.at_level(logging.DEBUG):
        result = run()

    assert result.status == "succeeded", result.error
    # The run itself worked with the real values.
    assert api.asked("/first")[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert api.asked("/first")[0].body == {"pin": SECRET}
    assert api.asked("/second")[0].body == repeated
    (failed,) = [step for step in result.steps if step.status == "failed"]
    assert failed.error.endswith("are not welcome")
    assert models.RunLog.objects.count() == 1
    kept = {"the tables": _every_table(), "the logs": caplog.text, "the result": repr(result)}
    for where, text in kept.items():
        for secret in (TOKEN, SECRET, PASSWORD):
            for form in (secret, _base64(secret), quote(secret, safe=""), secret.encode().hex()):
                assert form not in text, f"{form} is in {where}"
    assert "[redacted]" in kept["the tables"]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _every_table() -> str:
    """Return every column of every row of every table, as text."""
    rows: list[str] = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608  our tables
            rows += map(repr, cursor.fetchall())
    return "\n".join(rows)
