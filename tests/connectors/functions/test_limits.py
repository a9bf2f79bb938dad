from __future__ import annotations

import pytest

from integrations.connectors.functions.limits import Limits


@pytest.mark.parametrize("name", ["time_seconds", "memory_bytes", "output_bytes", "log_bytes", "stack_bytes"])
def test_limits_that_are_not_positive_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 0})
