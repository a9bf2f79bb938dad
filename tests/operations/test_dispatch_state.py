from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.errors import PermissionRefused
from integrations.operations import _claiming, _database_time, _dispatch_state, housekeeping
from integrations.operations.actors import SYSTEM
from tests.operations.limited import published, start
from tests.operations.scene import last_audit, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    _dispatch_state.forget()
    yield
    _dispatch_state.forget()


def test_dispatch_without_a_row_is_on() -> None:
    assert not housekeeping.dispatch_is_paused()
    assert housekeeping.slots_from() is None


def test_claim_while_paused_takes_nothing_and_afterwards_the_same_runs() -> None:
    run = start(*published())

    housekeeping.pause_dispatch(reason="the supplier moves", by=SYSTEM)
    while_paused = [
        *_claiming.claim_due(worker="w", limit=9),
        *_claiming.claim_announced([run.pk], worker="w"),
        *_claiming.claim_overlooked(worker="w", limit=9),
    ]
    alone = _claiming.claim_one(run.pk, worker="w")
    housekeeping.resume_dispatch(by=SYSTEM)

    assert (while_paused, alone) == ([], None)
    assert [each.pk for each in _claiming.claim_due(worker="w", limit=9)] == [run.pk]


def test_pause_and_resume_are_audited_with_the_reason() -> None:
    housekeeping.pause_dispatch(reason="the supplier moves", by=SYSTEM)

    assert (last_audit().action, last_audit().kind, last_audit().reason) == ("pause", "dispatch", "the supplier moves")
    assert housekeeping.dispatch_state().paused_reason == "the supplier moves"
    assert housekeeping.resume_dispatch(by=SYSTEM, reason="it moved")
    assert (last_audit().action, last_audit().reason) == ("resume", "it moved")
    assert not housekeeping.resume_dispatch(by=SYSTEM)


def test_slots_from_after_a_pause_stays_and_after_a_restore_is_the_time_of_the_confirmation() -> None:
    housekeeping.pause_dispatch(reason="the supplier moves", by=SYSTEM)
    housekeeping.resume_dispatch(by=SYSTEM)
    after_pause = housekeeping.slots_from()

    now = _database_time.now()
    _dispatch_state.pause(reason="restored", now=now, awaits_confirmation=True)
    housekeeping.resume_dispatch(by=SYSTEM)

    assert after_pause is None
    assert (slots_from := housekeeping.slots_from()) is not None
    assert slots_from >= now


def test_dispatch_by_somebody_without_the_permission_is_refused() -> None:
    operator = person("view_run")

    with pytest.raises(PermissionRefused, match="manage_dispatch"):
        housekeeping.pause_dispatch(reason="x", by=operator)
    with pytest.raises(PermissionRefused, match="manage_dispatch"):
        housekeeping.resume_dispatch(by=operator)
