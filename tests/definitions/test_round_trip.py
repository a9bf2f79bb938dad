"""Every definition comes back equal from its own JSON, in the full and in the compact form."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations import strict_json
from tests.definitions.strategies import BY_NAME


@pytest.mark.parametrize("name", sorted(BY_NAME))
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_definition_written_as_json_and_read_again_is_equal(name: str, data: st.DataObject) -> None:
    definition = data.draw(BY_NAME[name])

    full, compact = definition.to_dict(), definition.to_compact_dict()

    assert definition.parse(full) == definition
    assert definition.parse(compact) == definition
    assert definition.parse(strict_json.loads(strict_json.dumps(compact))) == definition
    assert definition.parse(full).to_compact_dict() == compact
