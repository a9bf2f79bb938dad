"""Versions, releases and audit records are written once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from integrations.models import AuditRecord, FunctionVersion, RowIsFrozen
from tests import factories

pytestmark = pytest.mark.django_db

FROZEN = [
    factories.FunctionVersionFactory,
    factories.FeatureVersionFactory,
    factories.ReleaseFactory,
    factories.AuditRecordFactory,
]


@pytest.mark.parametrize("factory", FROZEN)
def test_save_of_a_stored_row_is_refused(factory: Any) -> None:
    row = factory.create()

    with pytest.raises(RowIsFrozen, match="never changes"):
        row.save()


@pytest.mark.parametrize("factory", FROZEN)
def test_update_of_a_queryset_is_refused(factory: Any) -> None:
    row = factory.create()

    with pytest.raises(RowIsFrozen):
        type(row).objects.update(pk=row.pk + 1)


def test_audit_record_deleted_is_refused() -> None:
    record = factories.AuditRecordFactory.create()

    with pytest.raises(RowIsFrozen):
        record.delete()
    with pytest.raises(RowIsFrozen):
        AuditRecord.objects.all().delete()


def test_audit_record_outlives_integration_and_user() -> None:
    integration, user = factories.IntegrationFactory.create(), factories.UserFactory.create(username="ada")
    factories.AuditRecordFactory.create(integration=integration, integration_tag=integration.tag, by=user)

    integration.delete()
    user.delete()

    record = AuditRecord.objects.get()
    assert (record.integration, record.by) == (None, None)
    assert (record.integration_tag, record.by_name) == (integration.tag, "ada")


def test_second_version_of_the_same_number_is_refused() -> None:
    version = factories.FunctionVersionFactory.create()

    with pytest.raises(IntegrityError):
        factories.FunctionVersionFactory.create(function=version.function)


def test_second_release_of_the_same_digest_is_refused() -> None:
    release = factories.ReleaseFactory.create()

    with pytest.raises(IntegrityError):
        factories.ReleaseFactory.create(feature_version=release.feature_version)


def test_hash_of_a_version_is_that_of_what_was_published() -> None:
    function = factories.FunctionFactory.create()
    first = factories.FunctionVersionFactory.create(function=function, number=1)
    same = factories.FunctionVersionFactory.create(function=function, number=2)
    other = factories.FunctionVersionFactory.create(function=function, number=3, javascript="() => 1")

    assert len(first.sha256) == 64
    assert first.sha256 == same.sha256 != other.sha256


def test_latest_version_is_the_one_of_the_highest_number() -> None:
    function, feature = factories.FunctionFactory.create(), factories.FeatureFactory.create()
    for number in (2, 10, 9):
        factories.FunctionVersionFactory.create(function=function, number=number)
        factories.FeatureVersionFactory.create(feature=feature, number=number)

    function_version, feature_version = function.latest_version(), feature.latest_version()

    assert function_version is not None
    assert feature_version is not None
    assert (function_version.number, feature_version.number) == (10, 10)


def test_latest_version_before_the_first_is_none() -> None:
    assert factories.FunctionFactory.create().latest_version() is None
    assert factories.FeatureFactory.create().latest_version() is None


def test_latest_in_returns_one_version_of_each_function() -> None:
    function = factories.FunctionFactory.create()
    neighbor = factories.FunctionFactory.create(integration=function.integration)
    factories.FunctionVersionFactory.create()
    for number in (1, 2):
        factories.FunctionVersionFactory.create(function=function, number=number)
    factories.FunctionVersionFactory.create(function=neighbor)

    latest = FunctionVersion.objects.latest_in(function.integration)

    assert {(version.function, version.number) for version in latest} == {(function, 2), (neighbor, 1)}


def test_definition_of_version_and_release_is_what_was_frozen() -> None:
    version = factories.FeatureVersionFactory.create()
    release = factories.ReleaseFactory.create(feature_version=version)
    before = version.feature.to_definition()
    version.feature.function = "() => 2"
    version.feature.save()

    assert version.to_definition() == before
    assert release.to_definition().feature == before
    assert release.to_definition().digest == release.digest
