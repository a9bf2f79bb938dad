"""A process that is killed in the middle of a call: another one goes on behind the last checkpoint."""

from __future__ import annotations

import datetime as dt
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from integrations import models
from tests.fakes.api import Answer, Api, Request, running_api
from tests.journeys.scene import call, make_scene, sequence

pytestmark = pytest.mark.django_db(transaction=True)

_SECONDS = 30


class Gate:
    """Answers `/second` only once it is open; whoever asked before may have gone by then."""

    def __init__(self) -> None:
        self.is_asked, self.is_open = threading.Event(), threading.Event()

    def __call__(self, request: Request) -> Answer:
        if request.path == "/second":
            self.is_asked.set()
            self.is_open.wait(timeout=_SECONDS)
        return Answer(body={"path": request.path, "sent": request.body})


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.is_open.set()


@pytest.fixture
def api(local_calls: None, gate: Gate) -> Iterator[Api]:
    with running_api(gate) as api:
        yield api


def _database_url() -> str:
    """Return where another process finds the test's own database."""
    values: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    return f"postgresql://{values['USER']}@{values['HOST']}:{values['PORT']}/{values['NAME']}"


def _run_feature_elsewhere() -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "ductape_site.settings",
        "DATABASE_URL": _database_url(),
        "DUCTAPE_EGRESS_ALLOW": "127.0.0.1",
    }
    command = [sys.executable, "manage.py", "run_feature", "lab", "try", "--env", "dev", "--input", '{"n": 0}']
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL)


def _wait_for(event: threading.Event, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not event.wait(timeout=0.05):
        assert process.poll() is None, "the process ended before it was killed"
        assert time.monotonic() < deadline, "the process did not get as far as the call"


def test_killed_run_goes_on_behind_its_last_checkpoint_under_the_same_key(api: Api, gate: Gate) -> None:
    builder = make_scene(api.url)
    builder.create_feature(
        tag="try",
        input={"n": "number"},
        sequence=[
            sequence("one", call("first", body={"n": "$Input{n}"})),
            sequence("two", call("second", body={"was": "$Sequence{one}{first}{sent}{n}"}), parents=("one",)),
        ],
        output={"first": "$Sequence{one}{first}{path}", "second": "$Sequence{two}{second}{sent}"},
    )

    with _run_feature_elsewhere() as process:
        _wait_for(gate.is_asked, process)
        process.kill()
    run = models.Run.objects.get()
    left_behind = run.status
    gate.is_open.set()
    # As if the time had passed after which nobody believes any more that the process lives.
    models.Run.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - dt.timedelta(hours=1))
    printed = io.StringIO()
    call_command("resume_run", str(run.pk), stdout=printed)

    run.refresh_from_db()
    assert (left_behind, run.status) == ("running", "succeeded")
    assert run.output == {"first": "/first", "second": {"was": 0}}
    assert len(api.asked("/first")) == 1
    cut_off, repeated = api.asked("/second")
    assert cut_off.headers["idempotency-key"] == repeated.headers["idempotency-key"]
    assert cut_off.body == repeated.body == {"was": 0}
    assert [(step.event, step.attempt, step.status) for step in run.steps.in_order()] == [
        ("first", 1, "succeeded"),
        ("second", 1, "succeeded"),
    ]
    assert "one/first" not in printed.getvalue()
    assert "two/second" in printed.getvalue()


def test_run_whose_process_lives_is_not_taken_away(api: Api, gate: Gate) -> None:
    make_scene(api.url).create_feature(
        tag="try", input={"n": "number"}, sequence=[sequence("two", call("second"))], output={}
    )

    with _run_feature_elsewhere() as process:
        _wait_for(gate.is_asked, process)
        with pytest.raises(CommandError, match="can be reclaimed"):
            call_command("resume_run", str(models.Run.objects.get().pk))
        gate.is_open.set()
        code = process.wait(timeout=_SECONDS)

    assert code == 0
    assert len(api.asked("/second")) == 1
