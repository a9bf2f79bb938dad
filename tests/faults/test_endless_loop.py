"""A loop whose condition always holds."""

from __future__ import annotations

from tests.faults.fake_api import Effect, FakeApi
from tests.faults.installation import Installation, wait_for


def test_endless_loop_stops_at_its_cap_and_says_so(installation: Installation, api: FakeApi) -> None:
    installation.worker()

    [run_id] = installation.post("endless", 1)

    wait_for(lambda: installation.statuses()[run_id] == "failed", seconds=30, what="still going on")
    [(code, message)] = installation.rows("SELECT error_code, error_message FROM integrations_run")
    assert code == "too_many_iterations"
    assert message.startswith("the condition still holds after 100 iterations: raise max_iterations, or check")
    assert api.effects[Effect(str(run_id), "reserve")] == 100
