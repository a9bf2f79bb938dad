from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations.actors import SYSTEM
from integrations.models import Run
from integrations.operations import dispatch
from integrations.runtime.dispatch import state as dispatch_state
from tests.factories.run import RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    dispatch_state.forget()
    yield
    dispatch_state.forget()


def said(command: str, *arguments: Any, **options: Any) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


def test_prune_runs_says_what_would_go_and_then_what_went() -> None:
    run = RunFactory.create(succeeded=True, finished_at=dt.datetime(2001, 1, 1, tzinfo=dt.UTC))

    would_go = said("prune_runs", dry_run=True)
    before = Run.objects.count()
    went = said("prune_runs")

    assert f"1 succeeded    {run.integration.tag}/{run.feature}, oldest 2001-01-01" in would_go
    assert "1 runs, about 1." in would_go
    assert before == 1
    assert "Deleted 1 runs" in went
    assert not Run.objects.exists()


def test_prune_runs_calls_no_run_of_a_job_one_of_a_deleted_feature() -> None:
    run = RunFactory.create(succeeded=True, finished_at=dt.datetime(2001, 1, 1, tzinfo=dt.UTC))
    Run.objects.update(feature=None)

    assert f"{run.integration.tag}/(jobs' own runs, deleted features)" in said("prune_runs", dry_run=True)


def test_prune_runs_with_a_number_of_days_goes_by_it_alone() -> None:
    RunFactory.create(failed=True, finished_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=3))

    assert "Deleted 0 runs" in said("prune_runs", keep_days=4)
    assert "Deleted 1 runs" in said("prune_runs", keep_days=2)


@pytest.mark.parametrize("days", ["0", "-1", "3000000", "9" * 5000, "x"])
def test_prune_runs_refuses_a_number_of_days_that_is_none(days: str) -> None:
    with pytest.raises(CommandError, match="--keep-days: should be a whole number from 1 to 36500"):
        said("prune_runs", "--dry-run", "--keep-days", days)


@pytest.mark.parametrize("pause", ["-1", "nan", "inf", "1e400", "x"])
def test_prune_runs_refuses_a_pause_that_is_none(pause: str) -> None:
    with pytest.raises(CommandError, match="--pause: should be a number of seconds from 0 to 3600"):
        said("prune_runs", "--pause", pause)


def test_resume_dispatch_says_whether_it_was_paused() -> None:
    dispatch.pause(reason="x", by=SYSTEM)

    assert said("resume_dispatch") == "Dispatch goes on.\n"
    assert said("resume_dispatch") == "Dispatch was not paused.\n"


def test_restore_asks_first_and_says_why_it_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _prompt: "n")

    with pytest.raises(CommandError, match="nothing was changed"):
        said("restore", tmp_path / "x")
    with pytest.raises(CommandError, match=r"there is no file .*x; nothing was changed"):
        said("restore", tmp_path / "x", yes=True)
