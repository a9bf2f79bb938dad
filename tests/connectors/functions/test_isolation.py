from __future__ import annotations

from dataclasses import fields, replace

import pytest

from integrations.connectors.functions.isolation import Isolation
from integrations.connectors.functions.pool import FunctionPool
from integrations.connectors.functions.process import ChildProcess
from integrations.errors import SandboxError

NOTHING = Isolation(**{field.name: False for field in fields(Isolation)})
ENOUGH = replace(NOTHING, files_refused=True, network_refused=True, processes_refused=True)


@pytest.mark.parametrize("missing", ["files_refused", "network_refused", "processes_refused"])
def test_isolation_without_one_of_the_three_is_not_sufficient(missing: str) -> None:
    assert ENOUGH.is_sufficient
    assert not replace(ENOUGH, **{missing: False}).is_sufficient


def test_isolation_says_what_is_in_force_and_what_is_missing() -> None:
    assert str(replace(NOTHING, seccomp=True)).startswith("in force: seccomp; missing: files_refused, ")


def test_pool_is_off_where_isolation_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChildProcess, "_greeting", lambda _self: replace(ENOUGH, network_refused=False))
    strict, lenient = FunctionPool(processes=1), FunctionPool(processes=1, allow_weak_isolation=True)

    with pytest.raises(SandboxError, match="missing: network_refused") as caught:
        strict.isolation()

    assert caught.value.code == "unavailable"
    assert not lenient.isolation().network_refused
    strict.close_sync()
    lenient.close_sync()
