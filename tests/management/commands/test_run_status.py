from __future__ import annotations

from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import approvals, runs
from integrations.types import JsonObject
from tests.scenes.nesting import PAUSE, made_of, make_nest, start

pytestmark = pytest.mark.django_db(transaction=True)

APPROVAL: JsonObject = {"type": "approval", "event": "boss", "input": {"title": "Pay?"}}


@pytest.fixture
def waiting() -> models.Run:
    """A run that waits for people, without a time."""
    return runs.execute(start(make_nest(made_of("pay", APPROVAL, PAUSE)), "pay"))


def run_status(*arguments: str) -> list[str]:
    output = StringIO()
    call_command("run_status", *arguments, stdout=output)
    return [" ".join(line.split()) for line in output.getvalue().splitlines()]


def sleeping(monkeypatch: pytest.MonkeyPatch, sleep: object) -> None:
    monkeypatch.setattr("integrations.runtime.execution.following.time", SimpleNamespace(sleep=sleep))


def test_run_status_shows_how_a_run_stands_and_what_it_waits_for(waiting: models.Run) -> None:
    step, ending = run_status(str(waiting.pk))

    assert step.startswith("main/boss approval waiting")
    assert ending.startswith(f'run {waiting.pk} waiting (waits for the approval "Pay?")')


def test_follow_goes_on_until_the_run_has_ended(monkeypatch: pytest.MonkeyPatch, waiting: models.Run) -> None:
    def decide(_seconds: float) -> None:
        approvals.decide(approval=models.Approval.objects.get(), decision="approved", by=SYSTEM)
        runs.execute(waiting)

    sleeping(monkeypatch, decide)

    lines = run_status(str(waiting.pk), "--follow")

    assert [line.split()[:3] for line in lines[:3]] == [
        ["main/boss", "approval", "waiting"],
        ["main/boss", "approval", "succeeded"],
        ["main/pause", "wait", "succeeded"],
    ]
    assert lines[3] == f"run {waiting.pk} succeeded"


def test_follow_of_a_run_that_does_not_succeed_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, waiting: models.Run
) -> None:
    sleeping(monkeypatch, lambda _seconds: runs.cancel(run=waiting, by=SYSTEM))

    with pytest.raises(SystemExit) as ended:
        run_status(str(waiting.pk), "--follow")

    assert ended.value.code == 1


def test_follow_ends_quietly_with_ctrl_c(monkeypatch: pytest.MonkeyPatch, waiting: models.Run) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    sleeping(monkeypatch, interrupt)

    with pytest.raises(SystemExit) as ended:
        run_status(str(waiting.pk), "--follow")

    assert ended.value.code == 130


def test_run_status_of_no_run_says_so() -> None:
    with pytest.raises(CommandError, match="no run"):
        run_status("00000000-0000-0000-0000-000000000000")
