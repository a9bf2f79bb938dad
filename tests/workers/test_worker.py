from __future__ import annotations

import logging

import pytest
from django.db import IntegrityError

from integrations import models
from integrations.workers.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


def test_worker_that_the_database_refuses_for_good_ends_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(IntegrityError, match="concurrency"):
        Worker(concurrency=-5).run()

    assert "refuses" in caplog.text
    assert not models.Worker.objects.exists()
