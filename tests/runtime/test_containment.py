from __future__ import annotations

import logging

import pytest
from django.db import DatabaseError, IntegrityError

from integrations.runtime.containment import contained


def test_contained_error_is_logged_with_what_it_is_about(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), contained("Firing a job failed", action="job_failed", job=7):
        raise ZeroDivisionError

    (record,) = caplog.records
    assert (record.getMessage(), record.__dict__["action"], record.__dict__["job"]) == (
        "Firing a job failed",
        "job_failed",
        7,
    )
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize("error", [DatabaseError, IntegrityError])
def test_error_of_the_database_passes_unlogged(error: type[DatabaseError], caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(error), contained("Firing a job failed", action="job_failed"):
        raise error

    assert not caplog.records
