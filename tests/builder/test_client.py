from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from integrations.builder import Ductape
from integrations.errors import InvalidInput, PermissionRefused


@pytest.mark.parametrize(("user", "called"), [(None, "NoneType"), ("ada", "str")])
def test_what_is_no_user_is_refused_with_what_to_give(user: Any, called: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Ductape(user=user)

    assert str(refused.value) == (
        f"user: should be a user, not {called} (give the Django user whose permissions hold, such as request.user)"
    )


def test_nobody_is_a_user_without_permissions() -> None:
    nobody: Any = AnonymousUser()

    with pytest.raises(PermissionRefused):
        Ductape(user=nobody).get_integration_builder("orders")
