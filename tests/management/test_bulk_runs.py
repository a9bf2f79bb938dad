from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import dispatch, workers
from tests.factories import RunFactory
from tests.scenes.nesting import PAUSE, made_of, make_nest

pytestmark = pytest.mark.django_db

WHY = ("--reason", "no longer wanted")


@pytest.fixture
def nest() -> models.Integration:
    nest = make_nest(made_of("tick", PAUSE))
    for _ in range(2):
        RunFactory.create(integration=nest, feature=nest.features.get(), environment=nest.environments.get())
    return nest


def called(*words: str) -> str:
    out = io.StringIO()
    call_command("bulk_runs", *words, stdout=out)
    return out.getvalue()


def test_dry_run_counts_and_does_nothing(nest: models.Integration) -> None:
    assert "2 runs match, and 2 of them are in a state to cancel" in called("cancel", "nest", "--dry-run")
    assert not models.BulkOperation.objects.exists()


def test_operation_waits_for_a_worker_and_says_when_there_is_none(nest: models.Integration) -> None:
    printed = called("cancel", "nest", "--feature", "tick", "--env", "dev", *WHY)

    operation = models.BulkOperation.objects.get()
    assert f"bulk operation {operation.pk}: cancel 2 runs" in printed
    assert "No worker is alive" in printed
    assert (operation.status, operation.description) == ("running", "nest, feature = tick, env = dev")


def test_followed_operation_is_carried_out_here_where_no_worker_is(nest: models.Integration) -> None:
    printed = called("cancel", "nest", "--status", "queued", "--status", "waiting", *WHY, "--follow")

    assert printed.splitlines()[-2:] == ["  2 of 2 done", "finished"]
    assert set(models.Run.objects.values_list("status", flat=True)) == {"cancelled"}


def test_cancel_is_carried_out_while_dispatch_is_paused_and_a_retry_says_that_it_waits(
    nest: models.Integration,
) -> None:
    dispatch.pause(reason="restored", by=SYSTEM)

    cancelled = called("cancel", "nest", *WHY, "--follow")
    held = called("retry", "nest", *WHY)

    assert cancelled.splitlines()[-1] == "finished"
    assert "Dispatch is paused" not in cancelled
    assert "Dispatch is paused: nothing happens until it is resumed." in held


def test_followed_operation_that_leaves_runs_undone_says_why_and_exits_1(nest: models.Integration) -> None:
    models.Run.objects.update(status="failed", started_at=timezone.now(), finished_at=timezone.now())
    nest.environments.update(active=False)

    out = io.StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("bulk_runs", "retry", "nest", *WHY, "--follow", stdout=out)

    assert left.value.code == 1
    assert "  0 of 2 done, 2 not done" in out.getvalue()
    assert '  2 not done: environment "dev" is inactive' in out.getvalue()


def test_followed_operation_is_left_to_a_worker_that_is_there(
    nest: models.Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(seconds: float) -> None:
        models.BulkOperation.objects.update(status="cancelled", message="stopped by ada", finished_at=timezone.now())

    monkeypatch.setattr("integrations.operations.workers.is_worker_there", lambda: True)
    monkeypatch.setattr("time.sleep", stopped)

    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("bulk_runs", "cancel", "nest", *WHY, "--follow", stdout=out)

    assert workers.is_worker_there()
    assert out.getvalue().splitlines()[-2:] == ["  0 of 2 done", "stopped: stopped by ada"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cancel", "gone", *WHY), "there is no integration"),
        (("cancel", "nest"), "reason: a reason is required"),
        (("cancel", "nest", "--feature", "tik", *WHY), 'no feature "tik"'),
        (("cancel", "nest", "--since", "yesterday", *WHY), "since: is not an ISO 8601 date and time"),
        (("cancel", "nest", "--status", "waiting", *WHY), "no run matches: nest, status = waiting"),
        (("retry", "nest", *WHY), "there is nothing to retry"),
        (("retry", "nest", "--on-version", "latest", *WHY), "are choices of a replay"),
        (("replay", "nest", "--start", "begining", *WHY), 'start: "begining" is not known'),
        (("undo", "nest", *WHY), "invalid choice"),
    ],
)
def test_wish_that_cannot_be_carried_out_says_why(
    nest: models.Integration, words: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        called(*words)
