"""What tests need that execute runs for real: calls to this machine, and a runtime that ends with the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from examples.orders_api import RunningApi, running_orders_api
from integrations.runtime.execution import event_loop


@pytest.fixture
def local_calls(settings: Settings) -> Iterator[None]:
    """Let runs call servers on 127.0.0.1, with no token or connection that another test has left."""
    settings.DUCTAPE_EGRESS_ALLOW = ("127.0.0.1",)
    event_loop.close()
    yield
    event_loop.close()


@pytest.fixture
def orders_api(local_calls: None) -> Iterator[RunningApi]:
    """The example API, which runs may call."""
    with running_orders_api() as api:
        yield api
