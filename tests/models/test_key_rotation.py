from __future__ import annotations

import os

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from integrations import sealing
from integrations.models import Environment, Secret, key_rotation
from integrations.models.key_rotation import SealedColumn
from tests.factories import EnvironmentFactory, SecretFactory

pytestmark = pytest.mark.django_db
OLD, NEW = os.urandom(32), os.urandom(32)
VALUES = SealedColumn(Secret, "sealed_value")


@pytest.fixture(autouse=True)
def _old_key(settings: Settings) -> None:
    settings.DUCTAPE_ENCRYPTION_KEYS = {"old": OLD}


def test_sealed_columns_are_all_that_there_are() -> None:
    assert sorted(map(str, key_rotation.sealed_columns())) == [
        "AppBinding.sealed_auth",
        "DatabaseEnvironment.sealed_connection_url",
        "Environment.sealed_auth",
        "NotificationEnvironment.sealed_settings",
        "Secret.sealed_value",
    ]


def test_rotate_seals_anew_so_that_the_old_key_can_go(settings: Settings) -> None:
    SecretFactory.create_batch(5)
    settings.DUCTAPE_ENCRYPTION_KEYS = {"new": NEW, "old": OLD}

    progress = key_rotation.rotate(VALUES, batch_size=2)

    settings.DUCTAPE_ENCRYPTION_KEYS = {"new": NEW}
    assert (progress.resealed, progress.broken) == (5, [])
    assert {secret.open_value() for secret in Secret.objects.all()} == {"hush"}


def test_rotate_again_finds_nothing_left(settings: Settings) -> None:
    SecretFactory.create_batch(2)
    settings.DUCTAPE_ENCRYPTION_KEYS = {"new": NEW, "old": OLD}
    key_rotation.rotate(VALUES, batch_size=10)
    tokens = set(Secret.objects.values_list("sealed_value", flat=True))

    progress = key_rotation.rotate(VALUES, batch_size=10)

    assert progress.resealed == 0
    assert set(Secret.objects.values_list("sealed_value", flat=True)) == tokens


def test_rotate_leaves_what_does_not_open_and_goes_on(settings: Settings) -> None:
    broken, intact = SecretFactory.create_batch(2)
    Secret.objects.filter(pk=broken.pk).update(sealed_value=intact.sealed_value)
    settings.DUCTAPE_ENCRYPTION_KEYS = {"new": NEW, "old": OLD}

    progress = key_rotation.rotate(VALUES, batch_size=1)

    assert progress.resealed == 1
    assert str(broken.seal_id) in progress.broken[0]
    assert Secret.objects.get(pk=broken.pk).sealed_value == intact.sealed_value


def test_rotate_does_not_undo_what_was_written_meanwhile(settings: Settings) -> None:
    secret = SecretFactory.create()
    stale = VALUES.rows().get()
    settings.DUCTAPE_ENCRYPTION_KEYS = {"new": NEW, "old": OLD}
    secret.set_value("newer")
    secret.save()
    progress = key_rotation.Progress(VALUES)

    key_rotation._reseal(stale, sealing.keyring(), progress)

    assert progress.resealed == 0
    assert Secret.objects.get().open_value() == "newer"


def test_rotate_skips_rows_with_nothing_sealed(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    EnvironmentFactory.create_batch(3)

    with django_assert_num_queries(1):
        progress = key_rotation.rotate(SealedColumn(Environment, "sealed_auth"), batch_size=10)

    assert progress.resealed == 0


def test_tokens_by_key_counts_each(settings: Settings) -> None:
    SecretFactory.create_batch(2)
    settings.DUCTAPE_ENCRYPTION_KEYS = {"new": NEW, "old": OLD}
    SecretFactory.create()
    SecretFactory.create(sealed_value="garbage")

    assert key_rotation.tokens_by_key(VALUES) == {"old": 2, "new": 1, "?": 1}
