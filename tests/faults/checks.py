"""What must hold after every fault, seen from both sides: the server that was called, and the rows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Collection
from typing import Any

from tests.faults.fake_api import Effect, FakeApi
from tests.faults.installation import Installation, as_uuid

#: Of the features that the scene has, what each calls.
ACTIONS = ("reserve", "pay")


def assert_all_done_once(installation: Installation, api: FakeApi, run_ids: Collection[uuid.UUID]) -> None:
    """Check that each of these runs has had each of its effects just once, and that nothing done was done again."""
    wanted = {Effect(str(run_id), action): 1 for run_id in run_ids for action in ACTIONS}
    assert {effect: api.effects[effect] for effect in wanted} == wanted
    assert_nothing_rewritten(installation)
    assert_nothing_called_after_its_checkpoint(installation, api)
    assert_no_second_step_row(installation)


def assert_nothing_rewritten(installation: Installation) -> None:
    assert installation.rows("SELECT what FROM witness") == []


def assert_nothing_called_after_its_checkpoint(installation: Installation, api: FakeApi) -> None:
    late = [
        (run_id, event)
        for run_id, event, key, finished_at in installation.rows(
            "SELECT run_id, event, idempotency_key, finished_at FROM integrations_step"
            " WHERE type = 'action' AND status = 'succeeded'"
        )
        if max(api.calls[key]) > _timestamp(finished_at)
    ]
    assert late == []


def assert_no_second_step_row(installation: Installation) -> None:
    """Each step of these features takes one attempt, however often it is resumed."""
    rows = installation.rows("SELECT run_id, sequence, event FROM integrations_step")
    counts = Counter((as_uuid(run_id), sequence, event) for run_id, sequence, event in rows)
    assert [step for step, count in counts.items() if count > 1] == []


def _timestamp(value: Any) -> float:
    """Return seconds since 1970; SQLite keeps text in UTC."""
    moment = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC)
    return moment.timestamp()
