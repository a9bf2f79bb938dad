from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.actors import SYSTEM
from integrations.errors import PermissionRefused
from integrations.operations import dispatch
from integrations.runtime.db import clock
from integrations.runtime.dispatch import state as dispatch_state
from integrations.runtime.queue import claiming
from tests.scenes.limited import published, start
from tests.scenes.scene import last_audit, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    dispatch_state.forget()
    yield
    dispatch_state.forget()


def test_dispatch_without_a_row_is_on() -> None:
    assert not dispatch.is_paused()
    assert dispatch.slots_from() is None


def test_claim_while_paused_takes_nothing_and_afterwards_the_same_runs() -> None:
    run = start(*published())

    dispatch.pause(reason="the supplier moves", by=SYSTEM)
    while_paused = [
        *claiming.claim_due(worker="w", limit=9),
        *claiming.claim_announced([run.pk], worker="w"),
        *claiming.claim_overlooked(worker="w", limit=9),
    ]
    alone = claiming.claim_one(run.pk, worker="w")
    dispatch.resume(by=SYSTEM)

    assert (while_paused, alone) == ([], None)
    assert [each.pk for each in claiming.claim_due(worker="w", limit=9)] == [run.pk]


def test_pause_and_resume_are_audited_with_the_reason() -> None:
    dispatch.pause(reason="the supplier moves", by=SYSTEM)

    assert (last_audit().action, last_audit().kind, last_audit().reason) == ("pause", "dispatch", "the supplier moves")
    assert dispatch.state().paused_reason == "the supplier moves"
    assert dispatch.resume(by=SYSTEM, reason="it moved")
    assert (last_audit().action, last_audit().reason) == ("resume", "it moved")
    assert not dispatch.resume(by=SYSTEM)


def test_slots_from_after_a_pause_stays_and_after_a_restore_is_the_time_of_the_confirmation() -> None:
    dispatch.pause(reason="the supplier moves", by=SYSTEM)
    dispatch.resume(by=SYSTEM)
    after_pause = dispatch.slots_from()

    now = clock.now()
    dispatch_state.pause(reason="restored", now=now, awaits_confirmation=True)
    dispatch.resume(by=SYSTEM)

    assert after_pause is None
    assert (slots_from := dispatch.slots_from()) is not None
    assert slots_from >= now


def test_dispatch_by_somebody_without_the_permission_is_refused() -> None:
    operator = person("view_run")

    with pytest.raises(PermissionRefused, match="manage_dispatch"):
        dispatch.pause(reason="x", by=operator)
    with pytest.raises(PermissionRefused, match="manage_dispatch"):
        dispatch.resume(by=operator)
