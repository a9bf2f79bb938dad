from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations import conf
from integrations.connectors.functions import shared
from integrations.errors import SandboxError


@pytest.fixture(autouse=True)
def no_pool_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(shared, "_pool", None)
    monkeypatch.setattr(conf, "functions_enabled", lambda: True)
    monkeypatch.setattr(conf, "function_processes", lambda: 3)
    yield
    if shared._pool is not None:
        shared._pool.close_sync()


def test_shared_pool_is_one_and_sized_by_configuration() -> None:
    assert shared.shared_pool() is shared.shared_pool()
    assert shared.shared_pool().processes == 3


def test_shared_pool_is_refused_when_functions_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "functions_enabled", lambda: False)

    with pytest.raises(SandboxError, match="DUCTAPE_FUNCTIONS_ENABLED") as caught:
        shared.shared_pool()

    assert caught.value.code == "unavailable"


def test_sandbox_report_is_what_a_child_found() -> None:
    assert shared.sandbox_report().is_sufficient
