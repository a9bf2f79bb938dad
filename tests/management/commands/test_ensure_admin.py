from __future__ import annotations

import re
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def ensure_admin(*arguments: str) -> str:
    output = StringIO()
    call_command("ensure_admin", *arguments, stdout=output)
    return output.getvalue()


def password_in(output: str) -> str:
    found = re.search(r"with the password (\S+) ", output)
    assert found is not None
    return found[1]


def test_ensure_admin_nobody_there_creates_a_superuser_with_the_printed_password() -> None:
    output = ensure_admin()

    user = User.objects.get(username="admin")
    assert user.is_superuser
    assert user.is_staff
    assert user.check_password(password_in(output))


def test_ensure_admin_second_time_changes_and_prints_nothing() -> None:
    password = password_in(ensure_admin())

    output = ensure_admin()

    assert output == ""
    assert User.objects.get().check_password(password)


def test_ensure_admin_reset_gives_a_new_password_and_lets_the_user_in_again() -> None:
    old = password_in(ensure_admin())
    User.objects.update(is_active=False)

    new = password_in(ensure_admin("--reset-password"))

    user = User.objects.get()
    assert new != old
    assert user.is_active
    assert user.check_password(new)
