from __future__ import annotations

import io
import os

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from integrations.models import Secret
from tests.factories import SecretFactory

pytestmark = pytest.mark.django_db
OLD, NEW = os.urandom(32), os.urandom(32)


@pytest.fixture(autouse=True)
def _two_secrets_under_an_old_key(settings: Settings) -> None:
    settings.DUCTAPE_ENCRYPTION_KEYS = {"old": OLD}
    SecretFactory.create_batch(2)
    settings.DUCTAPE_ENCRYPTION_KEYS = {"new": NEW, "old": OLD}


def _run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("rotate_keys", *arguments, stdout=output)
    return output.getvalue()


def test_rotate_keys_says_what_it_sealed_anew() -> None:
    output = _run("--batch-size", "1")

    assert "Secret.sealed_value: 2 sealed anew" in output
    assert "hush" not in output


def test_rotate_keys_check_counts_and_changes_nothing() -> None:
    output = _run("--check")

    assert "Secret.sealed_value: old: 2" in output
    assert "Environment.sealed_auth: nothing sealed" in output
    assert Secret.objects.filter(sealed_value__startswith="v1.old.").count() == 2


def test_rotate_keys_with_a_broken_value_ends_in_an_error_after_the_rest() -> None:
    one, other = Secret.objects.order_by("pk")
    Secret.objects.filter(pk=one.pk).update(sealed_value=other.sealed_value)

    with pytest.raises(CommandError, match="1 sealed values do not open"):
        call_command("rotate_keys", stdout=io.StringIO(), stderr=io.StringIO())

    assert Secret.objects.get(pk=other.pk).sealed_value.startswith("v1.new.")


def test_rotate_keys_in_batches_of_nothing_is_refused() -> None:
    with pytest.raises(CommandError, match="at least 1"):
        _run("--batch-size", "0")
