from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.models.run_states import CLAIMABLE, FINAL, TRANSITIONS, RunStatus, refuse_illegal


def test_every_status_says_what_may_follow() -> None:
    assert set(TRANSITIONS) == set(RunStatus)


def test_final_states_are_those_that_nothing_follows() -> None:
    assert {"succeeded", "failed", "cancelled", "quarantined"} == FINAL
    assert {"scheduled", "queued", "waiting"} == CLAIMABLE


@given(start=st.sampled_from(RunStatus))
def test_every_state_leads_to_an_end(start: RunStatus) -> None:
    reached, open_ends = set[RunStatus](), {start}
    while open_ends:
        reached |= open_ends
        open_ends = {to for status in open_ends for to in TRANSITIONS[status]} - reached

    assert reached & FINAL


def test_a_run_ends_only_after_it_ran_or_waited_unless_it_is_cancelled() -> None:
    for source in (RunStatus.SCHEDULED, RunStatus.QUEUED):
        assert TRANSITIONS[source] & FINAL == {RunStatus.CANCELLED}


@given(sources=st.sets(st.sampled_from(RunStatus), min_size=1), to=st.sampled_from(RunStatus))
def test_refuse_illegal_holds_every_source_against_the_table(sources: set[RunStatus], to: RunStatus) -> None:
    if all(to in TRANSITIONS[source] for source in sources):
        refuse_illegal(sources, to)
        return

    with pytest.raises(ValueError, match="does not become"):
        refuse_illegal(sources, to)
