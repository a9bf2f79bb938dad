from __future__ import annotations

import datetime as dt
import typing

import pytest

from integrations.definitions.run_filter import RunFilter, RunStatus
from integrations.errors import DefinitionError
from integrations.models.run_states import RunStatus as StoredStatus
from integrations.types import Json


def test_every_status_of_a_run_may_be_asked_for() -> None:
    assert set(typing.get_args(RunStatus)) == set(StoredStatus.values)


def test_one_status_is_a_list_of_one_and_times_are_utc_unless_they_say_else() -> None:
    wanted = RunFilter.parse({"status": "failed", "since": "2026-11-24T09:00"})

    assert wanted.status == ("failed",)
    assert wanted.since == dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "any"),
        ({"status": ["failed", "cancelled"], "env": "dev"}, "status = failed or cancelled, env = dev"),
        ({"since": "2026-11-24T09:00+01:00"}, "since = 2026-11-24T08:00:00Z"),
    ],
)
def test_filter_is_said_in_words(given: Json, said: str) -> None:
    assert str(RunFilter.parse(given)) == said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"statuss": "failed"}, 'unknown field "statuss" (did you mean "status"?)'),
        ({"status": "faild"}, 'did you mean "failed"?'),
        ({"since": "yesterday"}, "since: is not an ISO 8601 date and time"),
        ({"since": "2026-11-24", "until": "2026-11-24"}, "until is not after since"),
    ],
)
def test_filter_that_means_nothing_is_refused(given: Json, message: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        RunFilter.parse(given)

    assert message in refused.value.message
